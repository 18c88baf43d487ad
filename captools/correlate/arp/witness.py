"""Where an ARP answer would have been seen. Questions go to everybody, answers to the asker alone.

So silence tells something only at the asker's own interface, or where every machine that could have answered was
listened to at its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from captools.correlate.arp.frames import ArpFrames, is_group, macs
from captools.correlate.evidence import Prover
from captools.correlate.paths.bpf import Header
from captools.correlate.paths.coverage import Coverage
from captools.correlate.paths.directions import IN, OUT, Directions
from captools.correlate.sightings import Ints, Sightings
from captools.model.arp import Quiet
from captools.model.cluster import Node

ANSWER_NS = 1_000_000_000  # the kernel and arping ask again after a second: what comes later answers the next question


@dataclass(frozen=True, slots=True)
class Seat:
    """The place at which an asker's answers pass. ``told``: by inventory or link type, not by what frames show."""

    place: int
    point: str
    told: bool


@dataclass(frozen=True, slots=True)
class Witness:
    """Answers where silence tells something."""

    rows: Sightings
    frames: ArpFrames
    coverage: Coverage
    directions: Directions
    _ends: dict[int, set[int]] = field(default_factory=dict)

    def seat(self, asks: Ints) -> Seat | None:
        """Return where answers to these questions of one machine pass (rows of the frames); None where nobody listened."""
        ways = self.directions.of(self.frames.row[asks])
        told = asks[ways == OUT]
        if len(told):
            return self._seat(int(told[0]), told=True)
        mac = int(self.frames.sender_mac[asks[0]])
        _, firsts = np.unique(self.frames.place[asks], return_index=True)
        for first in asks[firsts].tolist():
            if self._ends_of(first) == {mac}:
                return self._seat(first, told=False)
        return None

    def _seat(self, ask: int, *, told: bool) -> Seat:
        return Seat(int(self.frames.place[ask]), self.rows.points[int(self.frames.point[ask])], told)

    def _ends_of(self, ask: int) -> set[int]:
        """Return the MAC addresses that every unicast frame of a point has at one of its ends: the machine's own.

        Where it spoke with one other machine only, both are.
        """
        point = int(self.frames.point[ask])
        if point not in self._ends:
            here = np.flatnonzero(self.rows["point"] == point)
            src, dst = macs(self.rows.table, "eth_src", here), macs(self.rows.table, "eth_dst", here)
            single = (src != 0) & (dst != 0) & ~is_group(dst)
            src, dst = src[single], dst[single]
            self._ends[point] = {
                mac for mac in {*src[:1].tolist(), *dst[:1].tolist()} if bool(((src == mac) | (dst == mac)).all())
            }
        return self._ends[point]

    def blind(self, asks: Ints, seat: Seat, *, counted: bool) -> str:
        """Return why a missing answer to these questions proves nothing at ``seat``; the empty string where it does."""
        header = self._reply(int(asks[0]))
        for at_ns in (int(self.frames.time[asks[0]]), int(self.frames.time[asks[-1]])):
            reason = self.coverage.why_not_witness(seat.point, at_ns, header=header, direction=IN, counted=counted)
            if reason:
                return reason
        return ""

    def waited_for(self, asks: Ints, point: str) -> Ints:
        """Return those questions after which the capture of ``point`` went on for as long as an answer may take."""
        last = asks[::-1]
        for skipped, ask in enumerate(last.tolist()):
            if self.coverage.capturing(point, int(self.frames.time[ask]) + ANSWER_NS):
                return asks[: len(asks) - skipped]
        return asks[:0]

    def silent(
        self, asks: Ints, nodes: tuple[Node, ...], address: str, prover: Prover
    ) -> tuple[tuple[Quiet, ...], bool]:
        """Return the nodes at whose own interface the questions came in and an answer would have gone out.

        And whether these are all of ``nodes`` that may have ``address`` on a link of their own.
        """
        header = self._reply(int(asks[0]))
        heard = asks[self.directions.of(self.frames.row[asks]) != OUT]
        found = []
        for code in np.unique(self.frames.point[heard]).tolist():
            point, mine = self.rows.points[code], heard[self.frames.point[heard] == code]
            name, _, interface = point.partition("/")
            mine = self.waited_for(mine, point)
            node = next((node for node in nodes if node.name == name), None)
            if node is None or not len(mine) or _device(node, header.dst) != interface:
                continue
            at_ns, rows = int(self.frames.time[mine[0]]), self.frames.row[mine].tolist()
            if not self.coverage.why_not_witness(point, at_ns, header=header, direction=OUT):
                proof = prover.of(rows, f"{name} heard the question")
                found.append(Quiet(node=name, point=point, asks=len(mine), evidence=proof))
        could = {node.name for node in nodes if not node.routes or on_link(node, address)}
        return tuple(sorted(found, key=lambda one: one.point)), bool(could) and could <= {one.node for one in found}

    def _reply(self, ask: int) -> Header:
        """Return what a filter would see of the answer to a question."""
        sender, target = (self.rows.addresses[int(codes[ask])] for codes in (self.frames.target, self.frames.sender))
        return Header(src=sender, dst=target, proto=0, arp=True)


def _device(node: Node, address: str) -> str:
    """Return the interface by which a node reaches an address on its own link; the empty string for any other address."""
    route = node.route_to(address)
    return route.dev if route is not None and not route.via and route.kind == "unicast" else ""


def on_link(node: Node, address: str) -> bool:
    """Tell whether a node reaches ``address`` without a router, by its own table: then it may answer ARP for it.

    Where the table changed during the capture, either will do.
    """
    return any(one and not one.via and one.kind in ("unicast", "local") for one in node.routes_to(address))
