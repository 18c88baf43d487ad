"""Asymmetric ways: answers by another interface of a router, by another node, or past the node that translated.

Only what was seen counts as a difference: an interface that the other way would have used in its place, another node,
or the silence of a point that would have shown the answer.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from captools.correlate.paths.coverage import Coverage
from captools.correlate.paths.expected import Guide
from captools.model.flows import Flow
from captools.model.paths import Asymmetry, Change, Detour, Hop
from captools.model.points import Role

_ON_THE_WIRE = (Role.NIC, Role.OTHER)


@dataclass(frozen=True, slots=True)
class Detours:
    """Compares the two ways of a conversation."""

    coverage: Coverage
    guide: Guide

    def of(
        self, flow: Flow, there: set[str], back: set[str], hops: tuple[Hop, ...], answered_ns: int
    ) -> tuple[Detour, ...]:
        """Return the differences between the points of the two ways; ``hops`` are those of the way there."""
        if not there or not back:
            return ()
        forward, reply = self._cards(there), self._cards(back)
        if forward == reply:
            return ()
        ends = self._ends(flow, hops)
        found = [
            Detour(kind=Asymmetry.INTERFACE, node=node, forward=_sorted(forward[node], reply[node]),
                   reply=_sorted(reply[node], forward[node]))
            for node in forward.keys() & reply.keys()
            if forward[node] - reply[node] and reply[node] - forward[node]
        ]  # fmt: skip
        only_there = [node for node in forward.keys() - reply.keys() if node not in ends]
        only_back = [node for node in reply.keys() - forward.keys() if node not in ends]
        for node in only_there:
            silent = all(not self.coverage.why_not_witness(point, answered_ns) for point in forward[node])
            if self._translated(node, hops) and silent:
                kind = Asymmetry.DIRECT_RETURN
            elif only_back or silent:
                kind = Asymmetry.NODE
            else:
                continue
            found.append(Detour(kind=kind, node=node, forward=tuple(sorted(forward[node])), reply=()))
        if only_there:
            found += [
                Detour(kind=Asymmetry.NODE, node=node, forward=(), reply=tuple(sorted(reply[node])))
                for node in only_back
            ]
        return tuple(sorted(found, key=lambda one: (one.node, one.kind)))

    def _cards(self, points: set[str]) -> dict[str, set[str]]:
        """Return the points between nodes, by node; what lies inside a node is another matter."""
        found: dict[str, set[str]] = defaultdict(set)
        for point in points:
            node, slash, _ = point.partition("/")
            if slash and self.coverage.roles.get(point) in _ON_THE_WIRE:
                found[node].add(point)
        return found

    def _ends(self, flow: Flow, hops: tuple[Hop, ...]) -> set[str]:
        """Return the nodes of the two ends: there a way begins or ends, as far as it was captured."""
        addresses = {flow.src, flow.dst, *(address for hop in hops for address in (hop.src, hop.dst))}
        return {node.name for address in addresses if (node := self.guide.home(address)) is not None}

    def _translated(self, node: str, hops: tuple[Hop, ...]) -> bool:
        """Tell whether a node gave the request on with another address, or in a DSR tunnel."""
        for before, hop in zip(hops, hops[1:], strict=False):
            at_node = before.point.startswith(f"{node}/")
            if at_node and (hop.change is Change.TRANSLATED or hop.dsr):
                return True
        return False


def _sorted(some: set[str], others: set[str]) -> tuple[str, ...]:
    return tuple(sorted(some - others))
