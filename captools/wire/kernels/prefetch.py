"""Ask the processor for memory that is needed soon: waits for several places then overlap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from captools.wire.kernels.compiler import CHECKED, kernel


def _nothing() -> Callable[[Any, Any], None]:
    def prefetch(array: Any, at: Any) -> None:
        pass

    return kernel(prefetch)


def _direct() -> Callable[[Any, Any], None]:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    byte, word = ir.IntType(8), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [byte.as_pointer(), word, word, word])

    @intrinsic  # type: ignore[untyped-decorator]
    def prefetch(_context: Any, array: Any, at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            offset = context.cast(builder, arguments[1], signature.args[1], types.int64)
            place = builder.gep(builder.bitcast(data, byte.as_pointer()), [offset])
            function = builder.module.declare_intrinsic("llvm.prefetch", [byte.as_pointer()], kind)
            to_read, keep, data_cache = (ir.Constant(word, number) for number in (0, 3, 1))
            builder.call(function, [place, to_read, keep, data_cache])
            return context.get_dummy_value()

        return types.void(array, at), generate

    return prefetch  # type: ignore[no-any-return]


# Fetch the cache line of byte ``at`` of an array, if it is memory at all; nothing depends on it.
prefetch = _nothing() if CHECKED else _direct()
