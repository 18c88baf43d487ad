"""Make a whole program of a kernel: an object file with one function that takes all arguments through one pointer.

Whoever runs it needs neither numba nor its start-up (captools.wire.kernels.native): a third of a second.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from captools.wire.kernels.compiler import Kernel
from captools.wire.kernels.machine import optimised_object

_WORD = ir.IntType(64)
_OBJECTS = 50_000  # between two looks for cycles: 10 MiB more memory


def compile_program(kernel: Kernel, arguments: Sequence[Any]) -> tuple[str, bytes]:
    """Return the symbol and the object file of ``kernel`` for arguments like these.

    Its function is one of captools.wire.kernels.machine.FUNCTION.
    """
    with _rarely_collecting():
        program = Kernel(_program(kernel, tuple(_kind(one) for one in arguments))).linked
        program.compile((types.voidptr,))
    (compiled,) = program.overloads.values()
    symbol = compiled.fndesc.llvm_func_name
    return symbol, optimised_object(compiled.library.program(symbol))


@contextmanager
def _rarely_collecting() -> Iterator[None]:
    """Look for reference cycles less often: numba makes millions of objects, and this takes a tenth of its time."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _kind(argument: Any) -> Any:
    """Return numba's type of an argument; of a number, the widest."""
    kind = numba.typeof(argument)
    return types.int64 if isinstance(kind, types.Integer) else kind


def _program(kernel: Kernel, kinds: tuple[Any, ...]) -> Callable[[Any], Any]:
    unpack = _unpacking(kinds)

    def run(words: Any) -> Any:
        kernel(*unpack(words))
        return 0

    def answer(words: Any) -> Any:
        return kernel(*unpack(words))

    kernel.linked.compile(kinds)
    return run if kernel.linked.nopython_signatures[-1].return_type == types.none else answer


def _unpacking(kinds: tuple[Any, ...]) -> Any:
    """Return a function of compiled code that makes arguments of these kinds from the words at an address."""
    whole = types.Tuple(kinds)

    @intrinsic  # type: ignore[untyped-decorator]
    def unpack(_context: Any, words: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            base = builder.bitcast(arguments[0], _WORD.as_pointer())
            places = count()

            def word() -> Any:
                return builder.load(builder.gep(base, [ir.Constant(_WORD, next(places))]))

            return _value(context, builder, whole, word)

        return whole(words), generate

    return unpack


def _value(context: Any, builder: Any, kind: Any, word: Callable[[], Any]) -> Any:
    """Build a value of ``kind`` from the next words."""
    if isinstance(kind, types.BaseTuple):
        return context.make_tuple(builder, kind, [_value(context, builder, one, word) for one in kind])
    if not isinstance(kind, types.Array):
        return context.cast(builder, word(), types.int64, kind)
    element = context.get_data_type(kind.dtype)
    array = context.make_array(kind)(context, builder)
    data = builder.inttoptr(word(), element.as_pointer())
    shape = [word() for _ in range(kind.ndim)]
    size = ir.Constant(_WORD, context.get_abi_sizeof(element))
    strides = [size]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    populate_array(array, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
    return array._getvalue()
