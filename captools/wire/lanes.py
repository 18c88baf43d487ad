"""Lanes: the TCP segments of one direction of one conversation at one point, gathered from the packet table.

All grouping is exact (codes, no hashes) and done by columns; only conversations with a marked segment are built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from captools.model.packets import Proto, TcpFlag
from captools.wire.bytesview import U64, Bools, BytesView, Ints
from captools.wire.records import Records
from captools.wire.streams import Segment, Stream, reassemble

_HALF, _WRAP = 1 << 31, 1 << 32
_FAR = 1 << 30  # the largest window TCP knows (RFC 7323, 2.3): what lies further away belongs to another stream
_EARLY = 1 << 20  # data this near behind a SYN that was captured later belongs to it
_RUNS = 4  # uses of the same ports that a late segment may still belong to
_WHERE = ("point", "ifindex", "vlan", "tunnel", "vni")


def column(packets: pa.Table, name: str, rows: Any = None) -> Any:
    """Return a number column as numpy, null as zero, at ``rows`` or everywhere."""
    values = packets[name].combine_chunks()
    values = values if rows is None else values.take(pa.array(rows))
    return values.fill_null(0).to_numpy(zero_copy_only=False)


def first_bytes(packets: pa.Table) -> U64:
    """Return the first eight payload bytes of every row as one number, the first byte on top, zeros behind the last."""
    length = np.minimum(column(packets, "payload_len"), 8).astype(np.uint64)
    missing = np.uint64(8) - length
    # ``payload_head`` of a shorter payload stands at the low end; a shift by all 64 bits is undefined.
    head: U64 = column(packets, "payload_head").astype(np.uint64) << (np.minimum(missing, 7) * np.uint64(8))
    return head


@dataclass(frozen=True, slots=True)
class Payloads:
    """Where the payload of some rows lies in the buffer: first byte, captured bytes, bytes by the headers."""

    rows: Ints
    begin: Ints
    held: Ints
    length: Ints


def payloads(records: Records, packets: pa.Table, rows: Ints) -> Payloads:
    """Return where the payloads of ``rows`` lie; ``held`` is less than ``length`` where the capture was cut."""
    frame, length = records.offset[rows], column(packets, "payload_len", rows).astype(np.int64)
    begin = frame + column(packets, "payload_off", rows).astype(np.int64)
    held = np.clip(frame + records.cap_len[rows] - begin, 0, length)
    return Payloads(rows, begin, held, length)


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


def conversations(
    view: BytesView, records: Records, packets: pa.Table, marks: Bools
) -> Iterator[tuple[list[Stream], list[Stream]]]:
    """Yield the two directions of every TCP conversation with a marked row, each as the streams it carried.

    ``marks`` has one entry per row of ``packets``. A direction has several streams where its ports were used again
    (a SYN with another sequence number) and none where it was not captured.
    """
    segments = _segments(records, packets, marks)
    data = view.bytes.data
    lanes, first = np.unique(segments.lane, return_index=True)
    spans = zip(lanes.tolist(), first.tolist(), [*first[1:].tolist(), len(segments.lane)], strict=True)
    simple = _simple(segments, first)
    for _, members in groupby(enumerate(spans), lambda one: one[1][0] >> 1):
        sides: tuple[list[Stream], list[Stream]] = ([], [])
        for number, (lane, begin, end) in members:
            part = slice(begin, end)
            sides[lane & 1].extend([_plain(segments, part, data)] if simple[number] else _woven(segments, part, data))
        yield sides


def _segments(records: Records, packets: pa.Table, marks: Bools) -> Segments:
    rows = np.flatnonzero(column(packets, "proto") == Proto.TCP)
    flags = column(packets, "tcp_flags", rows).astype(np.int64)
    length = column(packets, "payload_len", rows)
    use = (length > 0) | (flags & (TcpFlag.SYN | TcpFlag.FIN) != 0)
    known = packets["seq"].combine_chunks().is_valid().to_numpy(zero_copy_only=False)
    use &= known[rows]
    rows, flags = rows[use], flags[use]
    lane = _lanes(packets, rows)
    wanted = np.unique(lane[marks[rows]] >> 1)
    use = np.isin(lane >> 1, wanted)
    order = np.argsort(lane[use], kind="stable")
    rows, lane, flags = rows[use][order], lane[use][order], flags[use][order]
    where = payloads(records, packets, rows)
    syn = flags & TcpFlag.SYN != 0
    # A SYN takes one sequence number itself; its payload (TCP Fast Open, RFC 7413) comes behind that.
    seq = column(packets, "seq", rows).astype(np.int64) + syn
    return Segments(
        lane=lane,
        row=rows,
        seq=seq,
        start=(seq - _base(lane, seq, syn) + _HALF) % _WRAP - _HALF,
        syn=syn,
        fin=flags & TcpFlag.FIN != 0,
        begin=where.begin,
        held=where.held,
        length=where.length,
        mark=marks[rows],
    )


def _base(lane: Ints, seq: Ints, syn: Bools) -> Ints:
    """Return for each segment the sequence number its lane counts from: the first SYN's, else the first one seen."""
    lanes, first, at = np.unique(lane, return_index=True, return_inverse=True)
    base = seq[first]
    opened, where = np.unique(lane[syn], return_index=True)
    base[np.searchsorted(lanes, opened)] = seq[syn][where]
    found: Ints = base[at]
    return found


def _lanes(packets: pa.Table, rows: Ints) -> Ints:
    """Number the conversations of ``rows`` exactly; twice the number, plus one for the direction."""
    count = len(rows)
    here, there = _ends(packets, rows, "src", "sport", "dst", "dport")
    key = _code(np.minimum(here, there) * (2 * count + 2) + np.maximum(here, there))
    outer, beyond = _ends(packets, rows, "outer_src", "outer_sport", "outer_dst", "outer_dport", ports=False)
    if len(rows) and (outer != beyond[0]).any():  # any tunnel at all: its two ends belong to the conversation
        tunnel = _code(np.minimum(outer, beyond) * (2 * count + 2) + np.maximum(outer, beyond))
        key = _code(key * (count + 1) + tunnel)
    for name in _WHERE:
        values = _words(packets, name, rows)
        if len(values) and (values != values[0]).any():
            key = _code(key * (count + 1) + _code(values))
    return key * 2 + (here > there)


def _ends(
    packets: pa.Table, rows: Ints, src: str, sport: str, dst: str, dport: str, *, ports: bool = True
) -> tuple[Ints, Ints]:
    """Return one code per (address, port) end, the same in both directions."""
    take = pa.array(rows)
    both = pa.concat_arrays([packets[name].combine_chunks().take(take) for name in (src, dst)])
    codes = both.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    if ports:
        numbers = np.concatenate([column(packets, name, rows) for name in (sport, dport)]).astype(np.int64)
        codes = _code(codes * 65_536 + numbers)
    else:
        codes = _code(codes)
    return codes[: len(rows)], codes[len(rows) :]


def _words(packets: pa.Table, name: str, rows: Ints) -> Ints:
    values = packets[name].combine_chunks().take(pa.array(rows))
    if pa.types.is_dictionary(values.type):
        values = values.indices
    found: Ints = values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _code(values: Ints) -> Ints:
    """Replace different values by 0, 1, 2 … in the order of their first appearance."""
    found: Ints = pa.array(values).dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
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


def _plain(segments: Segments, part: slice, data: memoryview) -> Stream:
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


def _woven(segments: Segments, part: slice, data: memoryview) -> list[Stream]:
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
