"""Words at any byte of a buffer, in both byte orders."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.wire.equality  # noqa: F401  the kernels' cache folder

pytestmark = pytest.mark.slow


@given(st.binary(min_size=8, max_size=40), st.data())
def test_each_load_is_what_python_reads(data, draw):
    from captools.wire.kernels import loads
    from captools.wire.kernels.compiler import kernel

    global all_words
    if all_words is None:

        @kernel
        def all_words(f, at):
            return (loads.u8(f, at), loads.u16(f, at), loads.u32(f, at), loads.u48(f, at), loads.u64(f, at),
                    loads.u32le(f, at), loads.u64le(f, at))  # fmt: skip

    at = draw.draw(st.integers(0, len(data) - 8))
    here = data[at:]
    assert [int(one) for one in all_words(np.frombuffer(data, np.uint8).copy(), at)] == [
        *(int.from_bytes(here[:size], "big") for size in (1, 2, 4, 6, 8)),
        int.from_bytes(here[:4], "little"), int.from_bytes(here[:8], "little"),
    ]  # fmt: skip


@given(st.integers(1, (1 << 64) - 1))
def test_the_lowest_byte_that_is_not_0(word):
    from captools.wire.kernels.loads import lowest_byte

    assert int(first_of(lowest_byte)(np.uint64(word))) == next(at for at in range(8) if word >> 8 * at & 0xFF)


@given(st.binary(max_size=60), st.data())
def test_bytes_are_copied_to_where_they_belong(data, draw):
    from captools.wire.kernels.loads import copy

    at = draw.draw(st.integers(0, len(data)))
    size, to = draw.draw(st.integers(0, len(data) - at)), draw.draw(st.integers(0, 9))
    target = np.full(80, 0xEE, np.uint8)
    copier(copy)(target, to, np.frombuffer(data + b"?", np.uint8).copy(), at, size)
    wanted = bytearray(b"\xee" * 80)
    wanted[to : to + size] = data[at : at + size]
    assert target.tobytes() == wanted


@cache
def first_of(lowest_byte):
    """Intrinsics are only callable from compiled code."""
    from captools.wire.kernels.compiler import kernel

    @kernel
    def call(word):
        return lowest_byte(word)

    return call


@cache
def copier(copy):
    from captools.wire.kernels.compiler import kernel

    @kernel
    def call(target, to, source, at, size):
        copy(target, to, source, at, size)

    return call


all_words = None
