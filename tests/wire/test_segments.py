"""Segments and the streams they make: sides by who was seen first, whatever else was captured."""

from __future__ import annotations

import numpy as np

from captools.wire.segments import arrange, lane_streams, streams

DATA = memoryview(b"0123456789abcdefghij")


def arranged(*rows: tuple[int, int, int, int, int]):
    """Rows of (lane, seq, flags, begin, length), all captured, each a mark."""
    lane, seq, flags, begin, length = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return arrange(lane, row=np.arange(len(rows)), seq=seq, flags=flags, begin=begin, held=length, length=length,
                   mark=np.ones(len(rows), np.bool_))  # fmt: skip


def test_the_side_seen_first_is_the_even_lane_of_its_conversation():
    for first, second in ((6, 7), (7, 6)):
        found = arranged((first, 100, 0, 0, 3), (second, 500, 0, 5, 2), (first, 103, 0, 3, 1))
        assert found.lane.tolist() == [6, 6, 7] and found.row.tolist() == [0, 2, 1]
        ((one, other),) = streams(found, DATA)
        assert (one[0].read(0, 9), other[0].read(0, 9)) == (b"0123", b"56")


def test_places_count_from_the_byte_behind_the_syn():
    found = arranged((0, 99, 2, 0, 0), (0, 100, 0, 0, 3), (0, 103, 1, 3, 2))
    assert found.start.tolist() == [0, 0, 3]
    ((lane, (stream,)),) = lane_streams(found, DATA)
    assert (lane, stream.opened, stream.fin, stream.read(0, 9), stream.marks) == (0, True, 5, b"01234", [0, 3])


def test_each_use_of_the_ports_is_a_stream_and_each_conversation_comes_once():
    found = arranged((2, 9, 2, 0, 0), (2, 10, 0, 0, 2), (2, 5_000, 2, 0, 0), (2, 5_001, 0, 10, 3), (4, 7, 0, 4, 1))
    first, second = streams(found, DATA)
    assert [one.read(0, 9) for one in first[0]] == [b"01", b"abc"] and [one.read(0, 9) for one in second[0]] == [b"4"]


def test_no_segments_make_no_streams():
    none = np.empty(0, np.int64)
    empty = arrange(
        none, row=none, seq=none, flags=none, begin=none, held=none, length=none, mark=none.astype(np.bool_)
    )
    assert list(streams(empty, DATA)) == []
