"""TCP streams: the bytes of one direction, put together exactly from the segments seen at one point.

Segments may come in any order, twice, and overlapping: of bytes that came twice the first ones win, as most
receivers keep them (RFC 9293, 3.10.7.4 leaves it open). A stream holds places in the capture's buffer, no bytes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple

from captools.wire.bytesview import Slices


class Segment(NamedTuple):
    """One segment's captured payload: where it lies in the stream and in the buffer, and its row."""

    start: int
    begin: int
    held: int
    row: int
    mark: bool  # a head may begin with its first byte


@dataclass(frozen=True, slots=True)
class Stream:
    """The bytes of one direction. Places are counted from the byte behind the SYN (or the first segment seen).

    The sequences are parallel, one entry per piece of bytes, sorted and disjoint: ``starts`` and ``ends`` in the
    stream, ``rows`` that brought it, ``places`` in ``data``, ``origins`` where that row's payload begins in ``data``.
    ``marks`` are the places where a segment begins that may begin a head.
    """

    data: Slices
    starts: Sequence[int]
    ends: Sequence[int]
    rows: Sequence[int]
    places: Sequence[int]
    origins: Sequence[int]
    marks: list[int]
    opened: bool  # the SYN was seen: place 0 is the true beginning
    fin: int | None  # the place behind the last byte, where the FIN was seen

    def piece(self, at: int) -> int:
        """Return the number of the piece that holds the byte at ``at``; -1 where it is missing."""
        number = bisect_right(self.starts, at) - 1
        return number if number >= 0 and at < self.ends[number] else -1

    def chunks(self, at: int, size: int | None = None) -> Iterator[memoryview]:
        """Yield the bytes from ``at`` on, piece by piece, up to ``size`` of them or the first missing byte."""
        number = self.piece(at)
        while number >= 0 and number < len(self.starts) and self.starts[number] <= at and size != 0:
            end = self.ends[number]
            stop = end if size is None else min(end, at + size)
            place = self.places[number] + at - self.starts[number]
            yield self.data[place : place + stop - at]
            size = None if size is None else size - (stop - at)
            at, number = stop, number + 1

    def read(self, at: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``at``: fewer where one is missing."""
        number = self.piece(at)
        if number >= 0 and at + size <= self.ends[number]:  # nearly always: all in one segment
            place = self.places[number] + at - self.starts[number]
            return self.data[place : place + size].tobytes()
        return b"".join(self.chunks(at, size))

    def next_mark(self, at: int) -> int | None:
        """Return the first place at or behind ``at`` where a segment that may begin a head begins."""
        number = bisect_left(self.marks, at)
        return self.marks[number] if number < len(self.marks) else None

    def origin(self, at: int) -> tuple[int, int]:
        """Return (row, byte within that row's payload) of the byte at ``at``, which must be there."""
        number = self.piece(at)
        return self.rows[number], self.places[number] + at - self.starts[number] - self.origins[number]


def reassemble(data: Slices, segments: Sequence[Segment], *, opened: bool, fin: int | None) -> Stream:
    """Return the stream of ``segments``, which are in the order of their capture: of two bytes the first one stays.

    A sweep over the places: at each, the oldest segment that reaches there owns the byte (n log n, whatever the order).
    """
    pieces: list[tuple[int, int, int]] = []  # start, end, number of the segment
    for start, end, number in _sweep(segments):
        if pieces and pieces[-1][1] == start and pieces[-1][2] == number:
            pieces[-1] = (pieces[-1][0], end, number)
        else:
            pieces.append((start, end, number))
    owners = [segments[number] for _, _, number in pieces]
    starts = [start for start, _, _ in pieces]
    return Stream(
        data=data,
        starts=starts,
        ends=[end for _, end, _ in pieces],
        rows=[one.row for one in owners],
        places=[one.begin + start - one.start for one, start in zip(owners, starts, strict=True)],
        origins=[one.begin for one in owners],
        marks=[at for one, at in zip(owners, starts, strict=True) if one.mark and at == one.start],
        opened=opened,
        fin=fin,
    )


def _sweep(segments: Sequence[Segment]) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end, number of the owning segment) over all places that any segment reaches, in order."""
    order = sorted(range(len(segments)), key=lambda number: segments[number].start)
    open_: list[int] = []  # a heap: the smallest number was captured first
    at = coming = 0
    while coming < len(order) or open_:
        if not open_:
            at = segments[order[coming]].start
        while coming < len(order) and segments[order[coming]].start <= at:
            heappush(open_, order[coming])
            coming += 1
        while open_ and segments[open_[0]].start + segments[open_[0]].held <= at:
            heappop(open_)
        if open_:
            owner = segments[open_[0]]
            end = owner.start + owner.held
            if coming < len(order):
                end = min(end, segments[order[coming]].start)
            yield at, end, open_[0]
            at = end
