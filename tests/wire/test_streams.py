"""Reassembly of one direction: any order, twice, overlapping, with gaps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from captools.wire.streams import Segment, reassemble

BUFFER = memoryview(bytes(range(256)) * 4)


def woven(*segments: tuple[int, int, int], marks: bool = False):
    """Segments as (place in the stream, place in the buffer, size); the row is their number."""
    made = [Segment(start, begin, size, row, marks) for row, (start, begin, size) in enumerate(segments)]
    return reassemble(BUFFER, made, opened=True, fin=None)


def test_segments_out_of_order_give_their_bytes_in_order():
    stream = woven((4, 104, 4), (0, 100, 4))
    assert stream.read(0, 8) == bytes(range(100, 108))
    assert (stream.origin(2), stream.origin(5)) == ((1, 2), (0, 1))


def test_of_overlapping_bytes_those_that_came_first_stay():
    stream = woven((2, 50, 3), (0, 200, 8))
    assert stream.read(0, 8) == bytes([200, 201, 50, 51, 52, 205, 206, 207])
    assert stream.origin(6) == (1, 6)  # behind the older bytes, the later segment's own place counts


def test_reading_ends_at_the_first_missing_byte():
    stream = woven((0, 0, 4), (6, 6, 4))
    assert (stream.read(0, 10), stream.read(4, 1), stream.read(6, 2)) == (bytes(range(4)), b"", bytes([6, 7]))


def test_a_mark_that_older_bytes_cover_is_none():
    assert woven((0, 0, 6), (3, 3, 6), (9, 9, 1), marks=True).marks == [0, 9]


@given(st.lists(st.tuples(st.integers(-40, 200), st.integers(0, 255), st.integers(1, 60)), max_size=25))
def test_every_byte_is_that_of_the_oldest_segment_which_reaches_it(segments: list[tuple[int, int, int]]) -> None:
    wanted: dict[int, tuple[int, int]] = {}
    for row, (start, begin, size) in enumerate(segments):
        for offset in range(size):
            wanted.setdefault(start + offset, (BUFFER[begin + offset], row))
    stream = woven(*segments)
    for place in range(-50, 270):
        got = stream.read(place, 1)
        assert (got[0] if got else None) == wanted.get(place, (None,))[0]
        if got:
            assert stream.origin(place)[0] == wanted[place][1]
    assert all(end <= start for end, start in zip(stream.ends, list(stream.starts)[1:], strict=False))
