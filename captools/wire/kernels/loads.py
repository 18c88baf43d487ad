"""Unaligned words at any byte of a buffer.

Compiled, each is one load (and a byte swap). With bounds checks or interpreted, each is put together from single
bytes, so that every access is checked. Words up to 32 bits come as int64, 64-bit words as uint64. The caller has
compared ``at + size`` with the end of the data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from captools.wire.kernels.compiler import CHECKED, kernel

Load = Callable[[Any, Any], Any]


def _checked(size: int, big: bool) -> Load:
    wide = size == 8

    if wide:

        def load_64(data: Any, at: Any) -> Any:
            if at < 0:  # an index below 0 would count from the end
                raise IndexError
            value = np.uint64(0)
            for place in range(size):
                byte = np.uint64(data[at + place])
                shift = 8 * (size - 1 - place) if big else 8 * place
                value |= byte << np.uint64(shift)
            return value

        return kernel(load_64)

    def load(data: Any, at: Any) -> Any:
        if at < 0:
            raise IndexError
        value = np.int64(0)
        for place in range(size):
            shift = 8 * (size - 1 - place) if big else 8 * place
            value |= np.int64(data[at + place]) << shift
        return value

    return kernel(load)


def _direct(size: int, big: bool) -> Load:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    result = types.uint64 if size == 8 else types.int64

    @intrinsic  # type: ignore[untyped-decorator]
    def load(_context: Any, data: Any, at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            offset = context.cast(builder, arguments[1], signature.args[1], types.int64)
            word = ir.IntType(8 * size)
            pointer = builder.bitcast(builder.gep(array.data, [offset]), word.as_pointer())
            value = builder.load(pointer)
            value.align = 1
            if big and size > 1:
                value = builder.bswap(value)
            return builder.zext(value, ir.IntType(64)) if size < 8 else value

        return result(data, at), generate

    return load  # type: ignore[no-any-return]


_make = _checked if CHECKED else _direct

u8 = _make(1, True)
u16 = _make(2, True)
u32 = _make(4, True)
u64 = _make(8, True)
u32le = _make(4, False)
u64le = _make(8, False)


@kernel
def u48(data: Any, at: Any) -> Any:
    """Six bytes as uint64 (a MAC address)."""
    return np.uint64(u16(data, at)) << np.uint64(32) | np.uint64(u32(data, at + 2))
