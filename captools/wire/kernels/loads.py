"""Unaligned words at any byte of a buffer, and runs of bytes.

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


def _lowest_checked() -> Callable[[Any], Any]:
    def lowest_byte(word: Any) -> Any:
        place = 0
        while not (word >> np.uint64(8 * place)) & np.uint64(0xFF):
            place += 1
        return place

    return kernel(lowest_byte)


def _lowest_direct() -> Callable[[Any], Any]:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    @intrinsic  # type: ignore[untyped-decorator]
    def lowest_byte(_context: Any, word: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            zeros = builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))
            return builder.lshr(zeros, ir.Constant(ir.IntType(64), 3))

        return types.int64(types.uint64), generate

    return lowest_byte  # type: ignore[no-any-return]


def _copy_checked() -> Callable[[Any, Any, Any, Any, Any], None]:
    def copy(target: Any, to: Any, source: Any, at: Any, size: Any) -> None:
        if size and (to < 0 or at < 0):
            raise IndexError
        for place in range(size):
            target[to + place] = source[at + place]

    return kernel(copy)


def _copy_direct() -> Callable[[Any, Any, Any, Any, Any], None]:
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    @intrinsic  # type: ignore[untyped-decorator]
    def copy(_context: Any, target: Any, to: Any, source: Any, at: Any, size: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            arrays = [
                context.make_array(signature.args[number])(context, builder, arguments[number]).data
                for number in (0, 2)
            ]
            offsets = [
                context.cast(builder, arguments[number], signature.args[number], types.int64) for number in (1, 3, 4)
            ]
            into, out_of = (builder.gep(array, [offset]) for array, offset in zip(arrays, offsets, strict=False))
            cgutils.raw_memcpy(builder, into, out_of, offsets[2], 1)
            return context.get_dummy_value()

        return types.void(target, to, source, at, size), generate

    return copy  # type: ignore[no-any-return]


# The number of the lowest byte that is not 0; of a word that is 0 there is none.
lowest_byte = _lowest_checked() if CHECKED else _lowest_direct()
# Copy bytes between two arrays of them: copy(target, to, source, at, size). The caller has compared both ends.
copy = _copy_checked() if CHECKED else _copy_direct()
