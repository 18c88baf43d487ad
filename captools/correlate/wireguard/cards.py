"""Cards: which points look at the links between nodes, and what keeps them from proving that something was not there."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import numpy as np

from captools.correlate.paths.coverage import blindness
from captools.correlate.sightings import ABSENT, Sightings
from captools.correlate.wireguard.ends import Bools, Ends
from captools.model.cluster import Cluster
from captools.model.points import Role
from captools.model.sources import Source


@dataclass(frozen=True, slots=True)
class Cards:
    """``clear`` (by point code): what is readable there is readable between nodes. ``sealed``: datagrams pass there.

    ``weak``: why nothing negative rests on a source, by its name; ``tails``: those that lack but the packets behind their
    last one; ``nodes``: at whose cards a source looks, by its name.
    """

    clear: Bools
    sealed: Bools
    weak: dict[str, str]
    sources: tuple[Source, ...]
    nodes: dict[str, set[str]]
    tails: frozenset[str] = frozenset()

    def why_blind(self, nodes: set[str], spared: Container[str] = ()) -> str:
        """Return why a packet between ``nodes`` could have been missed at a card of theirs; "" where it could not.

        ``spared`` are sources whose weakness does not matter.
        """
        for source in self.sources:
            if source.name in self.weak and self.nodes[source.name] & nodes and source.name not in spared:
                return self.weak[source.name]
        return ""


def cards(rows: Sightings, roles: dict[str, Role], cluster: Cluster, ends: Ends, sources: tuple[Source, ...]) -> Cards:
    """Tell the cards of nodes from the devices where pod packets are readable by right.

    A card of a node of the inventory is one by name. Any other interface (``#3``, a bridge, a card inside a pod) is one
    only if WireGuard or traffic between two nodes' own addresses passes there.
    """
    role = [roles.get(point, Role.OTHER) for point in rows.points]
    named = [node.name for node in cluster.nodes]
    by_name = np.array(
        [
            one is Role.NIC and (point.partition("/")[0] in named or not named)
            for one, point in zip(role, rows.points, strict=True)
        ]
    )
    maybe = np.array([one in (Role.NIC, Role.OTHER) for one in role])
    any_device = np.array([one is Role.ANY for one in role])
    if not len(rows):
        nothing = np.zeros(len(rows.points) + 1, np.bool_)
        return Cards(nothing, nothing, {}, (), {})
    carries = np.zeros(len(rows.points), np.bool_)
    carries[np.unique(rows["point"][_between_nodes(rows, ends)])] = True
    clear = by_name | (maybe & carries)
    at_cards = {rows.points[code] for code in np.flatnonzero(clear).tolist()}
    nodes = {point.partition("/")[0] for point in at_cards}
    looks = _looks(rows, clear)
    for source in sources:
        role_here = roles.get(source.point, _role(source))
        if source.name not in looks and source.node in nodes and role_here in (Role.NIC, Role.ANY):
            looks[source.name] = {source.node}  # empty or failed: it could have seen something
    looking = tuple(source for source in sources if source.name in looks)
    blind = {one.point: one.why_blind.removeprefix("this point ") for one in blindness(looking)}
    weak = {
        source.name: f"{source.point or source.name} {blind[source.point or source.name]}"
        for source in looking
        if (source.point or source.name) in blind
    }
    tails = frozenset(source.name for source in looking if source.name in weak and _lacks_its_tail_only(source))
    return Cards(clear, clear | any_device, weak, looking, looks, tails)


def _lacks_its_tail_only(source: Source) -> bool:
    """Tell whether the tool was ended before it had read the newest packets, and nothing else is wrong."""
    captured, received = source.counts.captured, source.counts.received
    filtered = source.text or source.match or source.user_filter or source.damage
    return source.ok and not filtered and not source.counts.dropped and (captured or 0) < (received or 0)


def _looks(rows: Sightings, clear: Bools) -> dict[str, set[str]]:
    """Return by source the nodes at whose cards it saw something."""
    found: dict[str, set[str]] = {}
    here = clear[rows["point"]]
    pairs = np.unique(rows["source"][here] * len(rows.points) + rows["point"][here])
    for source, point in (divmod(pair, len(rows.points)) for pair in pairs.tolist()):
        found.setdefault(rows.sources[source], set()).add(rows.points[point].partition("/")[0])
    return found


def _role(source: Source) -> Role:
    return Role(source.role) if source.role in set(Role) else Role.OTHER


def _between_nodes(rows: Sightings, ends: Ends) -> Bools:
    """Rows whose outermost addresses are those of two different nodes, and WireGuard's own."""
    tunnelled = rows["outer_src"] != ABSENT
    src = ends.underlay[np.where(tunnelled, rows["outer_src"], rows["src"])]
    dst = ends.underlay[np.where(tunnelled, rows["outer_dst"], rows["dst"])]
    found: Bools = (rows["wg_type"] != ABSENT) | ((src != ABSENT) & (dst != ABSENT) & (src != dst))
    return found
