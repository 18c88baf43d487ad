"""Text over rows of one size: whatever its length, it comes back whole, Latin-1 as UTF-8."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.wire.equality  # noqa: F401  the kernels' cache folder
from captools.wire.kernels.records import ROW_BYTES, TEXT_AT, TEXT_BYTES

pytestmark = pytest.mark.slow


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=5), st.integers(0, 2))
def test_strings_behind_one_another_come_back(strings, first):
    from captools.wire.kernels.text import gather_utf8, put_text, rows_for, utf8_size

    whole = b"".join(strings)
    rows = int(rows_for(len(whole)))
    assert rows == max(-(-len(whole) // TEXT_BYTES), 1)
    lines = np.full((first + rows + 1) * ROW_BYTES, 0xEE, np.uint8)
    source = np.frombuffer(b"..." + whole + b"...", np.uint8).copy()
    place, at, starts = 0, 3, []
    for one in strings:
        starts.append(first * TEXT_BYTES + place)
        place = put_text(lines, first, place, source, at, len(one))
        at += len(one)
    table = lines.reshape(-1, ROW_BYTES)
    assert (
        (table[:, :TEXT_AT] == 0xEE).all() and (table[:first] == 0xEE).all() and (table[first + rows :] == 0xEE).all()
    )
    text, sizes = table[:, TEXT_AT:], np.array([len(one) for one in strings])
    out = np.empty(int(utf8_size(text, np.array(starts), sizes)), np.uint8)
    offsets = np.empty(len(strings) + 1, np.int32)
    gather_utf8(text, np.array(starts), sizes, out, offsets)
    pieces = [out[begin:end].tobytes() for begin, end in zip(offsets, offsets[1:], strict=False)]
    assert pieces == [one.decode("latin-1").encode() for one in strings]
