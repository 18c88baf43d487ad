"""Segments: what the lanes of conversations carried, in capture order, and the streams that they make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from captools.model.packets import TcpFlag
from captools.wire.bytesview import Bools, Ints, Slices
from captools.wire.streams import Segment, Stream, reassemble

_HALF, _WRAP = 1 << 31, 1 << 32
_FAR = 1 << 30  # the largest window TCP knows (RFC 7323, 2.3): what lies further away belongs to another stream
_EARLY = 1 << 20  # data this near behind a SYN that was captured later belongs to it
_RUNS = 4  # uses of the same ports that a late segment may still belong to
Sides = tuple[list[Stream], list[Stream]]


@dataclass(frozen=True, slots=True)
class Segments:
    """TCP segments with payload, SYN or FIN, grouped by lane and in capture order within each lane.

    ``lane`` is twice the conversation's number, plus one for the direction. ``start`` counts from the lane's first
    byte (0 is the byte behind the SYN where there is one); ``mark`` is set where a head may begin.
    """

    lane: Ints
    row: Ints
    seq: Ints
    start: Ints
    syn: Bools
    fin: Bools
    begin: Ints
    held: Ints
    length: Ints
    mark: Bools


def arrange(
    lane: Ints, *, row: Ints, seq: Ints, flags: Ints, begin: Ints, held: Ints, length: Ints, mark: Bools
) -> Segments:
    """Return the segments of some rows, which are in capture order, grouped by ``lane``.

    The side of a conversation that was seen first is its even lane, so that it does not matter what else was captured.
    """
    talk, first, at = np.unique(lane >> 1, return_index=True, return_inverse=True)
    lane = talk[at] << 1 | (lane ^ lane[first][at]) & 1
    order = np.argsort(lane, kind="stable")
    lane, syn = lane[order], flags[order] & TcpFlag.SYN != 0
    # A SYN takes one sequence number itself; its payload (TCP Fast Open, RFC 7413) comes behind that.
    seq = seq[order] + syn
    return Segments(
        lane=lane,
        row=row[order],
        seq=seq,
        start=(seq - _base(lane, seq, syn) + _HALF) % _WRAP - _HALF,
        syn=syn,
        fin=flags[order] & TcpFlag.FIN != 0,
        begin=begin[order],
        held=held[order],
        length=length[order],
        mark=mark[order],
    )


def streams(segments: Segments, data: Slices) -> Iterator[Sides]:
    """Yield the streams of both directions of each conversation."""
    for _, group in groupby(lane_streams(segments, data), lambda one: one[0] >> 1):
        sides: Sides = ([], [])
        for lane, some in group:
            sides[lane & 1].extend(some)
        yield sides


def lane_streams(segments: Segments, data: Slices) -> Iterator[tuple[int, list[Stream]]]:
    """Yield each lane with its streams: several where its ports were used again (a SYN with another number)."""
    lanes, first = np.unique(segments.lane, return_index=True)
    simple = _simple(segments, first)
    ends = np.append(first, len(segments.lane))[1:].tolist()  # none where there is no lane
    for lane, begin, end, plain in zip(lanes.tolist(), first.tolist(), ends, simple, strict=True):
        part = slice(begin, end)
        yield lane, [_plain(segments, part, data)] if plain else _woven(segments, part, data)


def _base(lane: Ints, seq: Ints, syn: Bools) -> Ints:
    """Return for each segment the sequence number its lane counts from: the first SYN's, else the first one seen."""
    lanes, first, at = np.unique(lane, return_index=True, return_inverse=True)
    base = seq[first]
    opened, where = np.unique(lane[syn], return_index=True)
    base[np.searchsorted(lanes, opened)] = seq[syn][where]
    found: Ints = base[at]
    return found


def _simple(segments: Segments, first: Ints) -> list[bool]:
    """Tell of each lane whether its segments came in order, without overlap, on one stream."""
    start, lane = segments.start, segments.lane
    top = start + segments.length
    same = np.zeros(len(lane), np.bool_)
    same[1:] = lane[1:] == lane[:-1]
    late = np.zeros(len(lane), np.bool_)
    late[1:] = start[1:] < top[:-1]
    odd = (same & (late | segments.syn)) | (np.abs(start) > _FAR)
    return (~np.logical_or.reduceat(odd, first)).tolist() if len(first) else []


def _plain(segments: Segments, part: slice, data: Slices) -> Stream:
    """Return the stream of a lane that came in order: its columns as they are."""
    some = segments.held[part] > 0
    start = segments.start[part][some]
    begin = segments.begin[part][some]
    fins = (segments.start + segments.length)[part][segments.fin[part]] if segments.fin[part].any() else None
    return Stream(
        data=data,
        starts=start.data,
        ends=(start + segments.held[part][some]).data,
        rows=segments.row[part][some].data,
        places=begin.data,
        origins=begin.data,
        marks=start[segments.mark[part][some]].tolist(),
        opened=bool(segments.syn[part].any()),
        fin=None if fins is None else int(fins[0]),
    )


@dataclass(slots=True)
class _Run:
    """One use of a pair of ports: the sequence number it counts from, how far it has come, its segments so far."""

    base: int
    opened: bool
    top: int = 0
    fin: int | None = None
    segments: list[Segment] = field(default_factory=list)

    def place(self, seq: int) -> int:
        """Return where ``seq`` lies in the stream: the place nearest to how far it has come."""
        return self.top + (seq - self.base - self.top + _HALF) % _WRAP - _HALF


def _woven(segments: Segments, part: slice, data: Slices) -> list[Stream]:
    """Return the streams of a lane whose segments came out of order, overlap, or begin anew."""
    columns = (segments.row, segments.seq, segments.syn, segments.fin, segments.begin, segments.held, segments.length,
               segments.mark)  # fmt: skip
    runs: list[_Run] = []
    for row, seq, syn, fin, begin, held, length, mark in zip(*(one[part].tolist() for one in columns), strict=True):
        run = _run(runs, seq, length, syn=syn)
        start = run.place(seq)
        run.top = max(run.top, start + length)
        if held:
            run.segments.append(Segment(start, begin, held, row, mark))
        if fin and run.fin is None:
            run.fin = start + length
    return [reassemble(data, run.segments, opened=run.opened, fin=run.fin) for run in runs]


def _run(runs: list[_Run], seq: int, length: int, *, syn: bool) -> _Run:
    """Return the run that a segment belongs to, a new one where it fits none."""
    if syn:
        again = next((run for run in runs[-_RUNS:] if run.opened and run.base == seq), None)
        if again is not None:
            return again
        run = _Run(seq, opened=True)
        if runs and not runs[-1].opened and (runs[-1].base - seq) % _WRAP < _EARLY:
            run = runs[-1]  # its first segments overtook the SYN
            shift = (run.base - seq) % _WRAP
            run.segments = [one._replace(start=one.start + shift) for one in run.segments]
            run.base, run.opened, run.top = seq, True, run.top + shift
            return run
        runs.append(run)
        return run
    for run in reversed(runs[-_RUNS:]):
        if abs(run.place(seq) + length - run.top) <= _FAR:
            return run
    runs.append(_Run(seq, opened=False))
    return runs[-1]
