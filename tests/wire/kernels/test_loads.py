"""Words at any byte of a buffer, in both byte orders."""

from __future__ import annotations

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


all_words = None
