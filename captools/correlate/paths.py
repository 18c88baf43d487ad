"""Paths: follow each conversation over the observation points, hop by hop, and say how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from captools.correlate.clocks import Clocks
from captools.correlate.coverage import Coverage
from captools.correlate.evidence import Prover
from captools.correlate.flows import Connection
from captools.correlate.match import Matches, invariant_fingerprint, match
from captools.correlate.outcome import judge
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.correlate.wireguard import Bridge
from captools.model.cluster import Cluster
from captools.model.evidence import Confidence
from captools.model.paths import Change, Hop, Path, Way
from captools.model.points import Role


@dataclass(frozen=True, slots=True)
class Follower:
    """Everything that following a conversation needs."""

    rows: Sightings
    matches: Matches
    clocks: Clocks
    cluster: Cluster
    coverage: Coverage
    bridge: Bridge
    prover: Prover

    def path(self, variants: Sequence[Connection]) -> Path:
        """Return the path of one conversation; ``variants`` are its address pairs before and behind NAT."""
        flow = variants[0].flow
        forward = np.concatenate([one.forward for one in variants])
        reply = np.concatenate([one.reply for one in variants])
        ids = self.matches.ids
        if len(variants) > 1:
            ids = self._joined(np.concatenate([forward, reply]))
        there, back = self._longest(ids, forward), self._longest(ids, reply)
        hops = (*self._hops(there, Way.FORWARD, ids), *self._hops(back, Way.REPLY, ids))
        outcome, reason, last_row = judge(self.rows, self.cluster, self.coverage, flow, forward, reply, there)
        every = np.concatenate([forward, reply])
        return Path(
            flow=flow,
            packets=_different(ids, every),
            request_packets=_different(ids, forward),
            reply_packets=_different(ids, reply),
            outcome=outcome,
            reason=reason,
            last_seen=self.rows.point(last_row) if last_row != ABSENT else "",
            hops=hops,
            first_ns=int(self.rows["ts_ns"][every].min()),
            points=tuple(sorted({self.rows.points[code] for code in np.unique(self.rows["point"][every]).tolist()})),
        )

    def _joined(self, members: Ints) -> Ints:
        """Number packets anew by what survives NAT, among the rows of one translated conversation."""
        prints = np.zeros(len(self.rows), np.uint64)
        prints[members] = invariant_fingerprint(self.rows)[members]
        joined = match(self.rows, prints).ids
        return np.where(
            joined != ABSENT, joined, np.where(self.matches.ids != ABSENT, self.matches.ids + len(joined), ABSENT)
        )

    def _longest(self, ids: Ints, members: Ints) -> Ints:
        """Return the rows, in order of travel, of the earliest packet that was seen at the most points."""
        if not len(members):
            return members
        numbers, where = np.unique(ids[members], return_inverse=True)
        pairs = np.unique(np.stack([where, self.rows["point"][members]]), axis=1)
        points = np.bincount(pairs[0], minlength=len(numbers))
        first = np.full(len(numbers), np.iinfo(np.int64).max)
        np.minimum.at(first, where, self.rows["ts_ns"][members])
        best = np.lexsort((first, -points))[0]
        return self._in_order(members[where == best])

    def _in_order(self, one: Ints) -> Ints:
        """Sort the sightings of one packet by travel: TTL falls along the way, clocks order what is left.

        The sightings of one node stay in that node's own time order: its clock is one.
        """
        rows = self.rows
        reference = rows.node(int(one[np.argmax(rows["ttl"][one])]))
        times = np.array([int(rows["ts_ns"][row]) - self._ahead(reference, rows.node(row)) for row in one.tolist()])
        outer = np.where(rows["outer_ttl"][one] == ABSENT, 0, rows["outer_ttl"][one])
        tie = self._ties(one)
        order = np.lexsort((tie, times, -rows["ttl"][one]))
        # Within one inner TTL, time decides; where clocks are unknown, the outer TTL still orders the routers.
        same_clock = all(self.clocks.between(reference, rows.node(row)) is not None for row in one.tolist())
        if not same_clock:
            order = np.lexsort((tie, times, -outer, -rows["ttl"][one]))
        kept, seen = [], set()
        for row in one[order].tolist():
            place = rows.point(row), int(rows["ttl"][row]), int(rows["outer_ttl"][row]), rows.tunnel(row)
            direction = rows.direction(row)
            if (*place, direction) not in seen:  # a second proof of the same sighting is no hop
                seen.add((*place, direction))
                kept.append(row)
        return np.array(kept, np.int64)

    def _ties(self, one: Ints) -> Ints:
        """Sort key for sightings of one instant: in front of a node's own pods the tunnel comes first, else last."""
        rows = self.rows
        plain = rows["depth"][one] == 0
        node = np.array([rows.node(row) for row in one.tolist()])
        arriving = np.array(
            [
                bool((plain & (node == node[at]) & (rows["ttl"][one] < rows["ttl"][row])).any())
                for at, row in enumerate(one.tolist())
            ]
        )
        return np.where(arriving, -rows["depth"][one], rows["depth"][one])

    def _ahead(self, reference: str, node: str) -> int:
        between = self.clocks.between(reference, node)
        # An interval that holds zero is no reason to shift anything: most nodes keep good time.
        return 0 if between is None or abs(between[0]) <= between[1] else between[0]

    def _hops(self, one: Ints, way: Way, ids: Ints) -> list[Hop]:
        hops: list[Hop] = []
        before: int | None = None
        for row in self._with_datagrams(one):
            hops.append(self._hop(row, before, way, ids))
            before = row
        return hops

    def _with_datagrams(self, one: Ints) -> list[int]:
        """Insert the WireGuard datagrams that carried the packet between its inner sightings."""
        found: list[int] = []
        for row in one.tolist():
            outer = self.bridge.outer_of.get(row)
            if outer is None:
                found.append(row)
                continue
            datagrams = self._same_datagram(outer)
            earlier = [each for each in datagrams if each not in found]
            if found and any(each in found for each in datagrams):
                found.append(row)
            else:
                found += [row, *earlier]
        return found

    def _same_datagram(self, outer: int) -> list[int]:
        rows = self.rows
        same = np.flatnonzero(
            (rows["wg_receiver"] == rows["wg_receiver"][outer])
            & (rows["wg_counter"] == rows["wg_counter"][outer])
            & (rows["wg_type"] == rows["wg_type"][outer])
        )
        return list(self._in_order(same).tolist())

    def _hop(self, row: int, before: int | None, way: Way, ids: Ints) -> Hop:
        rows = self.rows
        delay, error = self._delay(before, row)
        vni = rows.number("vni", row)
        sealed = rows.number("wg_type", row) is not None
        ambiguous = int(ids[row]) in self.matches.ambiguous
        return Hop(
            point=rows.point(row),
            way=way,
            direction=self._direction(row),
            src=rows.address("src", row) or "",
            dst=rows.address("dst", row) or "",
            sport=rows.number("sport", row),
            dport=rows.number("dport", row),
            outer_src=rows.address("outer_src", row),
            outer_dst=rows.address("outer_dst", row),
            vni=vni,
            identity=self.cluster.identity_name(vni) or None,
            ttl=rows.number("ttl", row),
            outer_ttl=rows.number("outer_ttl", row),
            change=self._change(before, row),
            ts_ns=int(rows["ts_ns"][row]),
            delay_ns=delay,
            delay_error_ns=error,
            confidence=Confidence.POSSIBLE if ambiguous else Confidence.LIKELY if sealed else Confidence.PROVEN,
            tunnel="wireguard" if sealed else rows.tunnel(row),
            wire_len=rows.number("wire_len", row) or 0,
            evidence=self.prover.of([row], "the packet at this point"),
        )

    def _direction(self, row: int) -> str | None:
        """Tell in from out by the link type, else by whose MAC address the frame carries, else by whose node sent it."""
        known = self.rows.direction(row)
        if known in ("in", "out"):
            return known
        node, _, interface = self.rows.point(row).partition("/")
        here = self.cluster.node(node)
        link = here.link(interface) if here else None
        if self.coverage.roles.get(self.rows.point(row)) is Role.WIREGUARD:
            return self._direction_by_node(row, node) or known
        if link is None or not link.mac:
            return known
        if self.rows.mac("eth_src", row) == link.mac:
            return "out"
        return "in" if self.rows.mac("eth_dst", row) == link.mac else known

    def _direction_by_node(self, row: int, node: str) -> str | None:
        """A WireGuard device has no MAC addresses; what this node's own pods send goes out there, the rest comes in."""
        for name, word in (("src", "out"), ("dst", "in")):
            owner = self.cluster.node_of_pod_address(self.rows.address(name, row) or "")
            if owner is not None and owner.name == node:
                return word
        return None

    def _delay(self, before: int | None, row: int) -> tuple[int | None, int | None]:
        """Return the time since the hop before and its error; None where the two clocks cannot be compared."""
        if before is None:
            return None, None
        a, b = self.rows.node(before), self.rows.node(row)
        raw = int(self.rows["ts_ns"][row] - self.rows["ts_ns"][before])
        between = self.clocks.between(a, b)
        if between is None:
            return None, None
        offset, error = between
        shift = 0 if abs(offset) <= error else offset
        return raw - shift, error

    def _change(self, before: int | None, row: int) -> Change:
        rows = self.rows
        if before is None:
            return Change.NONE
        was_sealed, is_sealed = rows["wg_type"][before] != ABSENT, rows["wg_type"][row] != ABSENT
        if was_sealed != is_sealed:
            return Change.ENCRYPTED if is_sealed else Change.DECRYPTED
        depth = int(rows["depth"][row]) - int(rows["depth"][before])
        if depth:
            return Change.ENCAPSULATED if depth > 0 else Change.DECAPSULATED
        names = ("src", "dst", "sport", "dport")
        if not is_sealed and any(rows[name][row] != rows[name][before] for name in names):
            return Change.TRANSLATED
        if rows["ttl"][row] < rows["ttl"][before] or (
            rows["outer_ttl"][row] != ABSENT and rows["outer_ttl"][row] < rows["outer_ttl"][before]
        ):
            return Change.ROUTED
        return Change.NONE


def _different(ids: Ints, members: Ints) -> int:
    return len(np.unique(ids[members])) if len(members) else 0
