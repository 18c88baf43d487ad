"""Segments: the TCP packets of all streams, each once, with the bytes that they carry counted from the stream's first.

A *stream* is one direction of one conversation at one point. Who shows a packet twice (``any`` on a router, a second tap,
a node that translates addresses) shows it once here; copies that the network made are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from captools.correlate.same.repeats import Repeat, highest_before, unwrapped
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.packets import Proto, TcpFlag

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Rows of all streams, sorted by stream and time, and what each of them carries.

    ``stream`` numbers them from 0; ``begin`` and ``end`` are its sequence numbers, unwrapped, SYN and FIN included;
    ``payload`` counts bytes, 0 for keepalives. Per stream: ``starts`` (its first entry), ``lane`` (see
    captools.correlate.same.lanes) and ``point`` (a code).
    """

    rows: Ints
    stream: Ints
    begin: Ints
    end: Ints
    payload: Ints
    kind: npt.NDArray[np.int8]  # a captools.correlate.same.repeats.Repeat
    flags: Ints
    times: Ints
    starts: Ints
    lane: Ints
    point: Ints

    @property
    def count(self) -> int:
        """How many streams there are."""
        return len(self.starts)

    def sums(self, values: Ints | Bools) -> Ints:
        """Return for each stream the sum of ``values``, one per entry."""
        total: Ints = np.add.reduceat(values.astype(np.int64), self.starts)
        return total

    def most(self, values: Ints) -> Ints:
        """Return for each stream the largest of ``values``."""
        most: Ints = np.maximum.reduceat(values, self.starts)
        return most

    def sized(self, some: Ints | slice = slice(None)) -> Bools:
        """Tell which of ``some`` entries take sequence numbers: bytes, SYN or FIN; keepalives only pretend to."""
        sized: Bools = (self.end[some] > self.begin[some]) & (self.kind[some] != Repeat.KEEPALIVE)
        return sized

    def delivered(self) -> Ints:
        """Return for each stream how many different bytes of payload came by."""
        carries = np.flatnonzero(self.payload > 0)
        first = self.begin[carries] + ((self.flags[carries] & TcpFlag.SYN) != 0)
        last = first + self.payload[carries]
        order = np.lexsort((first, self.stream[carries]))
        stream, first, last = self.stream[carries][order], first[order], last[order]
        new = np.r_[True, np.diff(stream) != 0][: len(stream)]
        before = highest_before(stream, last, new) if len(stream) else last
        fresh = np.clip(last - np.maximum(first, before), 0, None)
        return np.bincount(stream, fresh, self.count).astype(np.int64)

    def waited(self) -> Ints:
        """Return how long (ns) each entry's bytes were missing: since others overtook them; 0 where none did."""
        out = np.zeros(len(self.rows), np.int64)
        late = np.flatnonzero(self.kind == Repeat.REORDERED)
        if not len(late):
            return out
        lift = int(self.end.max() - self.begin.min()) + 2
        reached = np.maximum.accumulate(self.stream * lift + self.end - self.begin.min())
        overtook = np.searchsorted(reached, (self.stream * lift + self.begin - self.begin.min())[late], "right")
        out[late] = self.times[late] - self.times[overtook]
        return out


def segments(rows: Sightings, lane: Ints, ids: Ints, repeated: npt.NDArray[np.int8]) -> Segments | None:
    """Return the segments of all lanes, None where there are none. ``ids`` number the packets, ``repeated`` as in Matched."""
    flags = rows["tcp_flags"]
    of = np.flatnonzero(
        (lane != ABSENT) & (rows["proto"] == Proto.TCP) & (rows["seq"] != ABSENT) & (flags != ABSENT)
        & (repeated != Repeat.DUPLICATE)
    )  # fmt: skip
    if not len(of):
        return None
    stream = lane[of] * len(rows.points) + rows["point"][of]
    of, stream = _one_side(rows, of, stream)
    order = np.lexsort((rows["ts_ns"][of], ids[of], stream))
    new = np.r_[True, (np.diff(stream[order]) != 0) | (np.diff(ids[of][order]) != 0)]
    once = order[new]
    once = once[
        np.lexsort((of[once], rows["ts_ns"][of][once], stream[once]))
    ]  # equal stamps: as they stand in the file
    of, stream = of[once], stream[once]
    begins = np.r_[True, np.diff(stream) != 0]
    starts, number = np.flatnonzero(begins), np.cumsum(begins) - 1
    takes = (flags[of] & TcpFlag.SYN != 0).astype(np.int64) + (flags[of] & TcpFlag.FIN != 0)
    length = np.clip(rows["payload_len"][of], 0, None)
    begin = unwrapped(rows["seq"][of], begins, number)
    end = begin + length + takes
    # A keepalive without a byte of its own (RFC 9293, section 3.8.4): Linux sends such.
    bare = (length + takes == 0) & (flags[of] & TcpFlag.RST == 0)
    probe = bare & (begin == highest_before(number, end, begins) - 1)
    kind = np.where(probe, np.int8(Repeat.KEEPALIVE), repeated[of])
    return Segments(
        rows=of,
        stream=number,
        begin=begin,
        end=end,
        payload=np.where(kind == Repeat.KEEPALIVE, 0, length),
        kind=kind,
        flags=flags[of],
        times=rows["ts_ns"][of],
        starts=starts,
        lane=stream[starts] // len(rows.points),
        point=stream[starts] % len(rows.points),
    )


def _one_side(rows: Sightings, of: Ints, stream: Ints) -> tuple[Ints, Ints]:
    """Leave of each stream the pair of addresses that has the most packets: a point may show both sides of a translation."""
    pair = rows["src"][of] * (len(rows.addresses) + 1) + rows["dst"][of]
    order = np.lexsort((of, pair, stream))
    new = np.r_[True, (np.diff(stream[order]) != 0) | (np.diff(pair[order]) != 0)]
    sizes = np.diff(np.r_[np.flatnonzero(new), len(order)])
    ranked = np.lexsort((-sizes, stream[order][new]))
    best = np.zeros(len(sizes), np.bool_)
    best[ranked[np.r_[True, np.diff(stream[order][new][ranked]) != 0]]] = True
    kept = np.sort(order[best[np.cumsum(new) - 1]])
    return of[kept], stream[kept]
