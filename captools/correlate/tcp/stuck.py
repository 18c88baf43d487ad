"""Stuck: bytes that the sender repeats and nobody acknowledges any more, and how large what did arrive was.

An acknowledgment or SACK block of any point counts, and so does a sighting at the last point of the way: what arrived, arrived.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from captools.correlate.evidence import Prover
from captools.correlate.paths.bpf import Header
from captools.correlate.paths.coverage import Coverage
from captools.correlate.same.repeats import Repeat
from captools.correlate.sightings import Ints, Sightings
from captools.correlate.tcp.segments import Bools, Segments
from captools.model.packets import Proto, TcpFlag
from captools.model.paths import Path, Way
from captools.model.tcp import Stuck

COPIES = 3  # of the same byte: the first may be late, and the second on its way when the capture ended
PROBES = 2  # keepalives are no data in flight: two in a row without an answer mean that nobody is there
_SPACE, _HALF = 1 << 32, 1 << 31  # of TCP sequence numbers


@dataclass(frozen=True, slots=True)
class _Place:
    """How far copies came; the words are those of Stuck."""

    furthest: str = ""
    missed: str = ""
    blind: str = ""
    uncounted: bool = False


@dataclass(frozen=True, slots=True)
class StuckBytes:
    """Finds the stuck bytes of all lanes. ``ids`` number the packets."""

    rows: Sightings
    ids: Ints
    found: Segments
    paths: Sequence[Path]
    coverage: Coverage
    prover: Prover

    def all(self) -> tuple[Stuck, ...]:
        """Return what is stuck, by path."""
        return tuple(self._of_lanes())

    def _of_lanes(self) -> Iterator[Stuck]:
        again = np.isin(self.found.kind, (Repeat.RETRANSMITTED, Repeat.PARTIAL, Repeat.KEEPALIVE))
        repeated = self.found.sums(again)
        for lane in np.unique(self.found.lane[repeated > 0]).tolist():
            stream = self._best(self._streams(lane), repeated)
            one = self._of_lane(lane, stream)
            if one is not None:
                yield one

    def _best(self, streams: Ints, repeated: Ints) -> int:
        """Return the stream to count in: near the sender, and where segments are told apart from super-frames if possible."""
        most = repeated[streams].max()
        super_frames = np.array([self._super_frames(self._entries(one)) for one in streams.tolist()])
        few = repeated[streams] < (most + 1) // 2
        return int(streams[np.lexsort((-self._ttl(streams), -repeated[streams], super_frames, few))[0]])

    def _ttl(self, streams: Ints) -> Ints:
        """Return the TTL of the first packet of each stream: the nearest point to the sender sees the highest."""
        ttl: Ints = self.rows["ttl"][self.found.rows[self.found.starts[streams]]]
        return ttl

    def _streams(self, lane: int) -> Ints:
        """Return the streams of a lane; streams are in order of their lanes."""
        first, last = np.searchsorted(self.found.lane, (lane, lane + 1))
        return np.arange(first, last)

    def _entries(self, stream: int) -> Ints:
        end = self.found.starts[stream + 1] if stream + 1 < self.found.count else len(self.found.rows)
        return np.arange(self.found.starts[stream], end)

    def _of_lane(self, lane: int, stream: int) -> Stuck | None:
        mine = self._entries(stream)
        theirs = [self._entries(other) for other in self._streams(lane ^ 1).tolist()]
        if not theirs:
            return None
        peer = np.concatenate(theirs)
        base = int(self.rows["seq"][self.found.rows[mine[0]]])
        peer = peer[self.found.flags[peer] & TcpFlag.ACK != 0]
        if not len(peer):
            return None
        resets = peer[self.found.flags[peer] & TcpFlag.RST != 0]
        if len(resets):
            # What was sent after the reset was refused; before it nobody had said anything.
            mine = mine[self.found.times[mine] < self.found.times[resets].min()]
        if not len(mine):
            return None
        acks = (self.rows["ack"][self.found.rows[peer]] - base + _HALF) % _SPACE - _HALF
        stuck = self._repeated(lane, mine, peer, int(acks.max()))
        if stuck is not None:
            return replace(stuck, ended=len(resets) > 0)
        return None if len(resets) else self._unheard(lane, mine, peer)

    def _repeated(self, lane: int, mine: Ints, peer: Ints, acked: int) -> Stuck | None:
        """Return the bytes behind the last acknowledgment, if they were sent often enough."""
        found = self.found
        sized = found.sized(mine) & (found.flags[mine] & TcpFlag.SYN == 0)
        open_ = mine[sized & (found.end[mine] > acked)]
        if not len(open_):
            return None
        first = max(int(found.begin[open_].min()), acked)
        copies = open_[(found.begin[open_] <= first) & (found.end[open_] > first)]
        if len(copies) < COPIES:
            return None
        since = int(found.times[copies[0]])
        arrived = self._arrived(lane, mine, peer, acked)
        if bool(arrived[np.isin(mine, copies)].any()):
            return None  # the data did arrive; what is missing are the acknowledgments, in the capture or on the way
        size = self._sizes(mine)
        after = mine[arrived & (found.times[mine] > since)]
        place = self._place(lane, copies)
        return Stuck(
            path=lane // 2,
            way=Way.REPLY if lane % 2 else Way.FORWARD,
            point=self.rows.points[int(self.rows["point"][found.rows[copies[0]]])],
            copies=len(copies),
            payload_bytes=int(found.payload[copies].max()),
            first_ns=since,
            last_ns=int(found.times[copies[-1]]),
            smallest_lost=int(size[np.isin(mine, copies)].min()),
            largest_passed=int(size[arrived].max(initial=0)),
            passed_after=len(after),
            peer_after=int((found.times[self._different(peer)] > since).sum()),
            furthest=place.furthest, missed=place.missed, blind=place.blind, uncounted=place.uncounted,
            given_up=bool((found.flags[mine[mine > copies[-1]]] & TcpFlag.RST).any()),
            proof=self.prover.of(self._also_at(lane, copies, place), "sent again and again, never acknowledged"),
            small_proof=self.prover.of(self._both_ends(lane, after[:COPIES]), "smaller, sent later, and it arrived"),
        )  # fmt: skip

    def _unheard(self, lane: int, mine: Ints, peer: Ints) -> Stuck | None:
        """Return the keepalives at the end of a conversation that nobody answered."""
        found = self.found
        probes = mine[(found.kind[mine] == Repeat.KEEPALIVE) & (found.times[mine] > found.times[peer].max())]
        if len(probes) < PROBES:
            return None
        arrived = self._seen_last(lane, mine)
        if bool(arrived[np.isin(mine, probes)].any()):
            return None
        size, place = self._sizes(mine), self._place(lane, probes)
        resets = mine[(found.flags[mine] & TcpFlag.RST != 0) & (mine > probes[-1])]
        return Stuck(
            path=lane // 2,
            way=Way.REPLY if lane % 2 else Way.FORWARD,
            point=self.rows.points[int(self.rows["point"][found.rows[probes[0]]])],
            copies=len(probes),
            payload_bytes=0,
            first_ns=int(found.times[probes[0]]),
            last_ns=int(found.times[probes[-1]]),
            smallest_lost=int(size[np.isin(mine, probes)].min()),
            largest_passed=int(size[~np.isin(mine, probes)].max(initial=0)),
            passed_after=0,
            peer_after=0,
            furthest=place.furthest, missed=place.missed, blind=place.blind, uncounted=place.uncounted,
            keepalive=True,
            given_up=len(resets) > 0,
            proof=self.prover.of(self._also_at(lane, probes, place), "a keepalive, never answered")
            + self.prover.of(found.rows[resets].tolist(), "its sender gives up"),
        )  # fmt: skip

    def _place(self, lane: int, copies: Ints) -> _Place:
        """Return how far the copies came, by the points of the way that other packets took."""
        rows, ids = self.rows, self.ids[self.found.rows[copies]]
        hops = self.paths[lane // 2].ways(Way.REPLY if lane % 2 else Way.FORWARD)
        way = list(dict.fromkeys(hop.point for hop in hops))
        streams = self._streams(lane)
        seen = {
            rows.points[int(self.found.point[one])]
            for one in streams.tolist()
            if np.isin(self.ids[self.found.rows[self._entries(one)]], ids).any()
        }
        reached = [at for at, point in enumerate(way) if point in seen]
        if not reached:
            return _Place()
        furthest, missed = way[reached[-1]], way[reached[-1] + 1] if reached[-1] + 1 < len(way) else ""
        return self._missed(furthest, missed, int(copies[0])) if missed else _Place(furthest)

    def _missed(self, furthest: str, missed: str, entry: int) -> _Place:
        row, at_ns = int(self.found.rows[entry]), int(self.found.times[entry])
        header = Header(
            src=self.rows.address("src", row) or "", dst=self.rows.address("dst", row) or "", proto=Proto.TCP,
            sport=self.rows.number("sport", row), dport=self.rows.number("dport", row),
        )  # fmt: skip
        doubt = self.coverage.why_not_witness(missed, at_ns, header=header, counted=False)
        blind = doubt or self.coverage.why_not_witness(missed, at_ns, header=header)
        return _Place(furthest, missed, blind, uncounted=bool(blind) and not doubt)

    def _different(self, entries: Ints) -> Ints:
        """Return one entry of each different packet, the earliest."""
        _, first = np.unique(self.ids[self.found.rows[entries]], return_index=True)
        return entries[first]

    def _sizes(self, mine: Ints) -> Ints:
        """Return the bytes of each IP packet on a wire: a super-frame counts as its largest segment."""
        found = self.found
        payload, whole = found.payload[mine], self.rows["ip_len"][found.rows[mine]]
        limit = self._mss(mine)
        return np.where((limit > 0) & (payload > limit), whole - payload + limit, whole)

    def _super_frames(self, mine: Ints) -> bool:
        limit = self._mss(mine)
        return bool((limit > 0) & (self.found.payload[mine] > limit).any())

    def _mss(self, mine: Ints) -> int:
        """Return what the other side announced to take in one segment, 0 where its SYN was not captured."""
        lane = int(self.found.lane[self.found.stream[mine[0]]])
        others = self._streams(lane ^ 1)
        entries = np.concatenate([np.empty(0, np.int64), *(self._entries(other) for other in others.tolist())])
        return max(0, int(self.rows["mss"][self.found.rows[entries]].max(initial=0)))

    def _arrived(self, lane: int, mine: Ints, peer: Ints, acked: int) -> Bools:
        found = self.found
        arrived = found.sized(mine) & (found.end[mine] <= acked)
        arrived |= self._seen_last(lane, mine)
        for begin, end in self._blocks(mine, peer):
            arrived |= (found.begin[mine] >= begin) & (found.end[mine] <= end) & (found.end[mine] > found.begin[mine])
        return arrived

    def _blocks(self, mine: Ints, peer: Ints) -> set[tuple[int, int]]:
        """Return the SACK blocks (RFC 2018) of the other side, counted as ``mine`` are."""
        base = int(self.rows["seq"][self.found.rows[mine[0]]])
        edges = self.rows.table["sack"].take(self.found.rows[peer]).drop_null().to_pylist()
        relative = [[(edge - base + _HALF) % _SPACE - _HALF for edge in one] for one in edges]
        return {(one[at], one[at + 1]) for one in relative for at in range(0, len(one) - 1, 2)}

    def _seen_last(self, lane: int, mine: Ints) -> Bools:
        """Tell which packets came by at the last point of the way."""
        last = self._last(lane, self.rows.point(int(self.found.rows[mine[0]])))
        seen: Bools = np.isin(self.ids[self.found.rows[mine]], self.ids[self.found.rows[last]])
        return seen

    def _both_ends(self, lane: int, some: Ints) -> list[int]:
        """Return the rows of ``some`` packets, and theirs at the last point of the way."""
        rows = self.found.rows[some]
        if not len(some):
            return []
        return self._same(rows, self._last(lane, self.rows.point(int(rows[0]))))

    def _also_at(self, lane: int, some: Ints, place: _Place) -> list[int]:
        """Return the rows of ``some`` packets, and theirs at the furthest point that they reached."""
        rows = self.found.rows[some]
        there = place.furthest not in ("", self.rows.point(int(rows[0])))
        return self._same(rows, self._entries_at(lane, place.furthest) if there else np.empty(0, np.int64))

    def _same(self, rows: Ints, entries: Ints) -> list[int]:
        """Return ``rows``, and those of ``entries`` that show the same packets."""
        others = self.found.rows[entries]
        same: list[int] = np.r_[rows, others[np.isin(self.ids[others], self.ids[rows])]].tolist()
        return same

    def _entries_at(self, lane: int, point: str) -> Ints:
        code = self.rows.points.index(point)
        streams = self._streams(lane)
        streams = streams[self.found.point[streams] == code]
        return self._entries(int(streams[0])) if len(streams) else np.empty(0, np.int64)

    def _last(self, lane: int, here: str) -> Ints:
        """Return the entries at the last point of the way; none where that is ``here``."""
        hops = self.paths[lane // 2].ways(Way.REPLY if lane % 2 else Way.FORWARD)
        if not hops or hops[-1].point == here or hops[-1].point not in self.rows.points:
            return np.empty(0, np.int64)
        return self._entries_at(lane, hops[-1].point)
