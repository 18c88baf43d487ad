"""Strands: the sightings of single packets in order of travel, with the WireGuard datagrams that carried them between."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from captools.correlate.paths.directions import IN, OUT, UNKNOWN, Directions
from captools.correlate.paths.hops import Sighting
from captools.correlate.paths.order import Travel, in_order
from captools.correlate.same.byte_runs import ByteRuns
from captools.correlate.same.match import Matches
from captools.correlate.same.places import nodes
from captools.correlate.sightings import ABSENT, Ints, Sightings

Strand = list[Sighting]
Parts = dict[int, Ints]


class Strands:
    """Lays out packets. ``outer_of``: per row the row of the datagram that carries it, ABSENT where none is known."""

    def __init__(
        self, rows: Sightings, matches: Matches, runs: ByteRuns, directions: Directions, outer_of: Ints
    ) -> None:
        self._rows, self._ids, self._runs = rows, matches.ids, runs
        self._directions, self._outer_of = directions, outer_of
        self._nodes = nodes(rows)
        self._order = np.argsort(self._ids, kind="stable")
        self._sorted = self._ids[self._order]

    def sightings_of(self, number: int) -> Ints:
        """Return the rows that show the packet ``number``."""
        first, last = np.searchsorted(self._sorted, (number, number + 1))
        return self._order[first:last]

    def of_packets(self, packet: Ints, some: Ints, parts: Parts | None = None) -> dict[int, Strand]:
        """Return the strand of each packet; ``some`` are rows, ``packet`` says for each whose it is.

        Packets 2N and 2N + 1 went opposite ways between the same ends. ``parts``: for a row that stands for frames which
        only share bytes with the packet, those of them that carry nothing else.
        """
        parts = parts or {}
        carried, outer = self._datagrams(np.concatenate([some, *parts.values()]))
        base = 2 * (int(packet.max(initial=-1)) // 2 + 1)
        laid = self._lay(np.r_[packet, base + 2 * carried], np.r_[some, outer])
        found: dict[int, Strand] = {}
        for number, strand in laid.items():
            if number < base:
                found[number] = self._with_datagrams(strand, laid, base, parts)
        return found

    def of_row(self, row: int) -> Strand:
        """Return the strand of one frame: at points with other segmentation it may be part of a frame, or be several."""
        number = int(self._ids[row])
        some = self.sightings_of(number) if number != ABSENT else np.array([row])
        points = set(self._rows["point"][some].tolist())
        frames: dict[int, Ints] = {}
        for point in range(len(self._rows.points)):
            carriers = self._runs.carriers(self._rows, row, point) if point not in points else some[:0]
            for place in self._apart(carriers):
                frames[int(place[0])] = place
        every = np.r_[some, np.array(list(frames), np.int64)]
        parts = {lead: self._inside(place, row) for lead, place in frames.items()}
        strand = self.of_packets(np.zeros(len(every), np.int64), every, parts)[0]
        return [self._several(one, frames[one.row], row) if one.row in frames else one for one in strand]

    def _several(self, one: Sighting, frames: Ints, row: int) -> Sighting:
        """Return a hop that stands for all frames of a point which carry bytes of ``row``."""
        return Sighting(
            row=one.row,
            proofs=tuple(frames.tolist()),
            direction=one.direction,
            frames=len(frames),
            timed=bool(self._runs.starts[one.row] == self._runs.starts[row]),
        )

    def _apart(self, carriers: Ints) -> list[Ints]:
        """Return the frames of one point by where in the packet's way they lie (in and out of a router, say)."""
        places = np.stack([self._rows[name][carriers] for name in ("ttl", "outer_ttl", "tunnel", "source")])
        found: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for row, place in zip(carriers.tolist(), map(tuple, places.T.tolist()), strict=True):
            found[place].append(row)
        return [
            np.array(sorted(rows, key=lambda one: int(self._rows["ts_ns"][one])), np.int64) for rows in found.values()
        ]

    def _datagrams(self, some: Ints) -> tuple[Ints, Ints]:
        """Return (packet number, row) of all sightings of the datagrams that carry ``some``."""
        outer = self._outer_of[some]
        numbers = np.unique(self._ids[outer[outer != ABSENT]])
        numbers = numbers[numbers != ABSENT]
        first = np.searchsorted(self._sorted, numbers)
        sizes = np.searchsorted(self._sorted, numbers + 1) - first
        at = np.repeat(first - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
        return np.repeat(numbers, sizes), self._order[at]

    def _lay(self, packet: Ints, some: Ints) -> dict[int, Strand]:
        travel = in_order(self._rows, packet, some, self._directions.of(some))
        found: dict[int, Strand] = defaultdict(list)
        for number, one in zip(travel.packet.tolist(), _told(travel), strict=True):
            found[number].append(one)
        return found

    def _inside(self, frames: Ints, row: int) -> Ints:
        """Return those of ``frames`` all of whose bytes are in ``row``."""
        starts, length = self._runs.starts, self._rows["payload_len"]
        ends = starts[frames] + length[frames]
        found: Ints = frames[(starts[frames] >= starts[row]) & (ends <= starts[row] + length[row])]
        return found

    def _with_datagrams(self, strand: Strand, laid: dict[int, Strand], base: int, parts: Parts) -> Strand:
        """Put the datagrams that carried a packet where they leave a node or come to one.

        A frame that is the packet itself knows its datagram better than one that only shares bytes with it.
        """
        for at in sorted(range(len(strand)), key=lambda at: strand[at].row in parts):
            one = strand[at]
            outer = self._outer_of[np.asarray(parts.get(one.row, one.proofs), np.int64)]
            numbers = np.unique(self._ids[outer[outer != ABSENT]]).tolist()
            carriers = self._together([laid[base + 2 * number] for number in numbers if number != ABSENT])
            if carriers:
                at += self._leaves(one, carriers)
                return [*strand[:at], *carriers, *strand[at:]]
        return strand

    def _together(self, chains: list[Strand]) -> Strand:
        """Return the ways of several datagrams as one, along the longest of them."""
        points = self._rows["point"]
        return [
            Sighting(
                row=one.row,
                proofs=tuple(row for other in same for row in other.proofs),
                direction=one.direction,
                frames=len(same),
            )
            for one in max(chains, key=len, default=[])
            for same in ([other for chain in chains for other in chain if points[other.row] == points[one.row]],)
        ]

    def _leaves(self, one: Sighting, carriers: Strand) -> bool:
        """Tell whether the datagrams of what a node shows leave it; else they came to it."""
        node = self._nodes[one.row]
        way = next((other.direction for other in carriers if self._nodes[other.row] == node), UNKNOWN)
        return way == OUT if way != UNKNOWN else one.direction != IN


def _told(travel: Travel) -> list[Sighting]:
    proofs, bounds = travel.proofs.tolist(), travel.first_proof.tolist()
    return [
        Sighting(row=row, proofs=tuple(proofs[begin:end]), direction=way)
        for row, way, begin, end in zip(
            travel.rows.tolist(), travel.directions.tolist(), bounds, bounds[1:], strict=False
        )
    ]
