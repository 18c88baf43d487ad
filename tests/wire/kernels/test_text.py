"""Text over rows of one size: whatever its length, it comes back whole, Latin-1 as UTF-8."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.wire.equality  # noqa: F401  the kernels' cache folder
from captools.wire.kernels.records import ROW_BYTES, TEXT_AT, TEXT_BYTES

pytestmark = pytest.mark.slow


# Lists of as many strings: one message each.
texts = st.integers(1, 4).flatmap(
    lambda columns: st.lists(st.lists(st.binary(max_size=300), min_size=columns, max_size=columns), max_size=5)
)


@given(texts, st.integers(0, 2))
def test_strings_behind_one_another_come_back(messages, first):
    from captools.wire.kernels.text import gather_texts, put_text, rows_for

    firsts, row = [], first
    for strings in messages:
        firsts.append(row)
        row += int(rows_for(sum(map(len, strings))))
        assert row - firsts[-1] == max(-(-sum(map(len, strings)) // TEXT_BYTES), 1)
    lines = np.full((row + 1) * ROW_BYTES, 0xEE, np.uint8)
    for begin, strings in zip(firsts, messages, strict=True):
        place = 0
        for one in strings:
            source = np.frombuffer(b"..." + one + b"...", np.uint8).copy()
            place = put_text(lines, begin, place, source, 3, len(one))
    table = lines.reshape(-1, ROW_BYTES)
    assert (table[:, :TEXT_AT] == 0xEE).all() and (table[:first] == 0xEE).all() and (table[row:] == 0xEE).all()
    columns = len(messages[0]) if messages else 1
    sizes = np.array([[len(one) for one in strings] for strings in messages], np.int64).reshape(-1, columns)
    room = 2 * sizes.sum(axis=0)
    bases = np.cumsum(room) - room
    out = np.full(int(room.sum()), 0xEE, np.uint8)
    offsets = np.empty((columns, len(messages) + 1), np.int32)
    gather_texts(lines, np.array(firsts, np.int64), sizes, out, bases, offsets)
    for column, (base, places) in enumerate(zip(bases, offsets, strict=True)):
        found = [out[base + begin : base + end].tobytes() for begin, end in zip(places, places[1:], strict=False)]
        assert found == [strings[column].decode("latin-1").encode() for strings in messages]
        assert (out[base + places[-1] : base + room[column]] == 0xEE).all()  # and nothing else was written
