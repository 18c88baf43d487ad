"""Words at any offset, as struct reads them."""

from __future__ import annotations

import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from captools.wire.bytesview import BytesView


@given(st.binary(min_size=8, max_size=64), st.data())
def test_every_width_and_order_reads_what_struct_reads(data, draw):
    at = draw.draw(st.integers(0, len(data) - 8))
    view, where = BytesView(data), np.array([at], np.int64)
    assert view.u8(where)[0] == data[at]
    for name, form in (("u16", ">H"), ("u32", ">I"), ("u32le", "<I"), ("u64", ">Q"), ("u64le", "<Q")):
        assert getattr(view, name)(where)[0] == struct.unpack_from(form, data, at)[0]
    assert bytes(view.strings(where, 6)[0]) == data[at : at + 6]


def test_a_word_at_the_last_byte_reads_padding_of_our_own():
    view = BytesView(b"\xff" * 4)
    assert view.u64(np.array([3], np.int64))[0] == 0xFF << 56
