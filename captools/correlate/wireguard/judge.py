"""Judge: everything that was found between each two nodes, the verdict on their encryption, and what it rests on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from captools.correlate.evidence import Prover
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.correlate.wireguard.cards import Cards
from captools.correlate.wireguard.classes import KINDS, Classified
from captools.correlate.wireguard.ends import Ends
from captools.correlate.wireguard.messages import groups
from captools.correlate.wireguard.verdicts import of_pair, overall
from captools.model.cluster import Cluster
from captools.model.encryption import LEAKS, SEALED, ClassCount, Cleartext, Encryption, Kind, Pair
from captools.model.packets import Proto
from captools.model.wireguard import Crossing, Handshake, Inner, Session, Trouble
from captools.wire.wireguard import DATA, WELL_KNOWN_PORTS

_UNREADABLE = SEALED | {Kind.IPSEC, Kind.ARP, Kind.CONTROL, Kind.UNREAD}  # not listed as traffic in clear
_NO_INVENTORY = "no inventory says which addresses are pods (add kubectl get pods,ciliumnodes -o json with --inventory)"
_NOTHING = "no traffic between nodes was captured on a card (role nic), neither in clear nor encrypted"
Way = tuple[int, int]
Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class ByPair(Generic[Told]):
    """Values by pair of places, whichever of the two comes first."""

    told: dict[Way, list[Told]]

    @classmethod
    def of(cls, found: Iterable[tuple[int, int, Told]]) -> ByPair[Told]:
        """Take (place, place, value) in any number."""
        told: dict[Way, list[Told]] = defaultdict(list)
        for one, other, value in found:
            told[min(one, other), max(one, other)].append(value)
        return cls(told)

    def __getitem__(self, way: Way) -> tuple[Told, ...]:
        return tuple(self.told.get(way, ()))


@dataclass(frozen=True, slots=True)
class Found:
    """What was found between nodes: what a verdict is made of."""

    classified: Classified
    inner: ByPair[Inner]
    handshakes: ByPair[Handshake]
    sessions: ByPair[Session]
    crossings: ByPair[Crossing]
    troubles: ByPair[Trouble]


@dataclass(frozen=True, slots=True)
class Judge:
    """Everything that judging needs. ``packets`` numbers different packets by row, ABSENT where a row is its own."""

    rows: Sightings
    ends: Ends
    cluster: Cluster
    cards: Cards
    prover: Prover
    packets: Ints
    expected: bool

    def verdict(self, found: Found) -> Encryption:
        """Return the verdict over all pairs of nodes."""
        one = found.classified
        members = {(low, high): part for (low, high), part in groups(one.low, one.high)}
        inside = self.ends.members()
        ours = inside[one.low] & inside[one.high] if self.ends.known else np.ones(len(one.row), np.bool_)
        on = self.expected or bool((ours & (one.kind == KINDS.index(Kind.DATA))).any())
        ordered = sorted(members, key=lambda way: sorted(map(self.ends.name, way)))
        pairs = tuple(self._pair(way, members[way], found, on) for way in ordered)
        weak = next(iter(self.cards.weak.values()), "")
        between = tuple(pair for pair, way in zip(pairs, ordered, strict=True) if self._ours(way))
        verdict, reason = overall(between, weak, self._nothing())
        return Encryption(verdict=verdict, reason=reason, pairs=pairs, cleartext=self._cleartext(one))

    def _ours(self, way: Way) -> bool:
        """Tell whether both ends are nodes of the cluster; without an inventory nobody can say otherwise."""
        inside = self.ends.members()
        return not self.ends.known or bool(inside[list(way)].all())

    def _pair(self, way: Way, part: Ints, found: Found, on: bool) -> Pair:
        a, b = sorted(map(self.ends.name, way))
        rows, kinds = found.classified.row[part], found.classified.kind[part]
        sessions = found.sessions[way]
        messages = {
            Kind.DATA: sum(one.data for one in sessions),
            Kind.KEEPALIVE: sum(one.keepalives for one in sessions),
        }
        classes = tuple(
            self._count(kind, rows[kinds == code], messages) for code, kind in enumerate(KINDS) if (kinds == code).any()
        )
        blind = "" if self.ends.known else _NO_INVENTORY
        if not self._ours(way):
            blind = "the inventory does not know both as nodes of the cluster"
        blind = blind or self.cards.why_blind({a, b}) or self._one_sided(a, b, rows)
        verdict, reason = of_pair(classes, blind, on=on, nodes_too=self.cluster.config.get("encrypt-node") == "true")
        data = rows[self.rows["wg_type"][rows] == DATA]
        inner = found.inner[way]
        return Pair(
            a=a,
            b=b,
            wireguard_packets=sum(messages.values()),
            cleartext_packets=sum(one.sightings for one in classes if one.kind in LEAKS),
            matched_inner=sum(one.matched for one in inner),
            unmatched_inner=sum(one.unmatched for one in inner),
            handshakes=found.handshakes[way],
            coverage=self._coverage(rows, blind),
            evidence=self.prover.of(data.tolist(), "WireGuard data messages (type 4) between the two nodes"),
            verdict=verdict,
            reason=reason,
            classes=classes,
            sessions=sessions,
            crossings=found.crossings[way],
            inner=inner,
            troubles=found.troubles[way],
        )

    def _count(self, kind: Kind, rows: Ints, messages: dict[Kind, int]) -> ClassCount:
        return ClassCount(
            kind=kind,
            sightings=len(rows),
            packets=messages[kind] if kind in messages else self._different(rows),
            points=self._points(rows),
        )

    def _different(self, rows: Ints) -> int:
        ids = self.packets[rows]
        return len(np.unique(ids[ids != ABSENT])) + int((ids == ABSENT).sum())

    def _points(self, rows: Ints) -> tuple[str, ...]:
        return tuple(sorted(self.rows.points[code] for code in np.unique(self.rows["point"][rows]).tolist()))

    def _coverage(self, rows: Ints, blind: str) -> str:
        return f"seen at {', '.join(self._points(rows))}" + (f"; {blind}" if blind else "")

    def _one_sided(self, a: str, b: str, rows: Ints) -> str:
        """A packet between two nodes passes a card of each: one node whose cards were captured is enough."""
        nodes = {
            self.rows.node(row) for row in rows[np.unique(self.rows["point"][rows], return_index=True)[1]].tolist()
        }
        if not nodes & {a, b}:
            return f"no card of {a} or {b} was captured, and between the two there may be other ways"
        missed = [self._other_way(one, other) for one, other in ((a, b), (b, a)) if one in nodes]
        return "" if "" in missed else missed[0]

    def _other_way(self, node: str, other: str) -> str:
        """Return which card a node reaches another one by, where that card was not captured."""
        here, there = self.cluster.node(node), self.cluster.node(other)
        routes = here.routes_to(there.internal_ip) if here and there and there.internal_ip else ()
        if len(routes) > 1:
            return f"the route by which {node} reaches {other} changed during the capture"
        route = routes[0] if routes else None
        if route is None or not route.dev:
            return ""
        point = f"{node}/{route.dev}"
        known = {text for text, clear in zip(self.rows.points, self.cards.clear, strict=False) if clear}
        return "" if point in known else f"{point}, by which {node} reaches {other}, was not captured"

    def _nothing(self) -> str:
        """A text log prints UDP on WireGuard's port, and not the bytes that alone would show that it is WireGuard."""
        rows = self.rows
        there = (rows["proto"] == Proto.UDP) & np.isin(rows["dport"], WELL_KNOWN_PORTS) & (rows["cap_len"] == ABSENT)
        if not there.any():
            return _NOTHING
        port = int(rows["dport"][np.argmax(there)])
        return (
            f"UDP to port {port} stands in a text log, which does not show whether it is WireGuard: capture to a file"
        )

    def _cleartext(self, one: Classified) -> tuple[Cleartext, ...]:
        readable = np.isin(one.kind, [KINDS.index(kind) for kind in Kind if kind not in _UNREADABLE])
        row, kind = one.row[readable], one.kind[readable]
        found: dict[tuple[str, str, str], Ints] = {}
        for (_src, _dst, code), part in groups(self.rows["src"][row], self.rows["dst"][row], kind):
            first = int(row[part[0]])
            src, dst = (self.rows.address(name, first) or "" for name in ("src", "dst"))
            found[src, dst, KINDS[code].value] = row[part]
        return tuple(
            Cleartext(
                src=src,
                dst=dst,
                kind=name,
                packets=len(members),
                points=self._points(members),
                evidence=self.prover.of(members.tolist(), f"{src} to {dst} readable on the way between nodes"),
            )
            for (src, dst, name), members in sorted(found.items(), key=lambda item: item[0])
        )
