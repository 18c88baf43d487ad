"""WireGuard: which inner packets became which datagrams, what crossed in clear, and what nobody could see.

Facts used (drivers/net/wireguard/messages.h, FACTS section 10): a data message carries 32 bytes of overhead and the
inner IP packet padded to 16, capped at the device's MTU; (receiver index, counter) is unique in a session, so that
the same datagram is recognised at two points without any key.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from captools.correlate.evidence import Prover
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.cluster import AddressKind, Cluster
from captools.model.encryption import Cleartext, Encryption, Handshake, Pair, Verdict
from captools.model.packets import Tunnel
from captools.model.points import Role
from captools.model.sources import Source
from captools.model.units import rfc3339
from captools.wire.wireguard import DATA, INITIATION, KEEPALIVE, RESPONSE

MATCH_WINDOW_NS = 50_000_000  # from the WireGuard device to the card: encryption and queueing take far less
HANDSHAKE_WAIT_NS = 5_000_000_000  # REKEY_TIMEOUT: an initiation unanswered for this long is repeated
BY_DESIGN = "node"  # the class of clear traffic that WireGuard is not meant to cover


@dataclass(slots=True)
class Bridge:
    """Inner rows (at a WireGuard device) and the outer row (at a card of the same node) that carries each."""

    outer_of: dict[int, int] = field(default_factory=dict)
    unmatched: list[int] = field(default_factory=list)


def bridge(rows: Sightings, roles: dict[str, Role], cluster: Cluster) -> Bridge:
    """Match inner packets at WireGuard devices to datagrams at cards of the same node.

    By peer, size, order and time: both sides are walked in time order; an inner packet of IP length L takes the next
    free datagram whose message is 32 + pad16(L) long within the window (the padding stops at the device's MTU). A size
    that fits several inner packets at once still gives each its own datagram, since WireGuard keeps their order.
    """
    result = Bridge()
    nodes = {rows.point(row).partition("/")[0] for row in np.flatnonzero(rows["wg_type"] == DATA).tolist()}
    point_role = np.array([roles.get(point, Role.OTHER) for point in rows.points])
    point_node = np.array([point.partition("/")[0] for point in rows.points])
    for node in sorted(nodes):
        here = point_node[rows["point"]] == node
        inner = np.flatnonzero(here & (point_role[rows["point"]] == Role.WIREGUARD) & (rows["src"] != ABSENT))
        outer = np.flatnonzero(here & (point_role[rows["point"]] != Role.WIREGUARD) & (rows["wg_type"] == DATA))
        outer = outer[rows["payload_len"][outer] > KEEPALIVE]
        ends = _Ends(rows, cluster)
        _assign(rows, inner, _once(rows, outer), _mtu_of(rows, cluster, node, inner), ends, result)
    return result


def _once(rows: Sightings, outer: Ints) -> Ints:
    """Keep one row per datagram (it may be seen at several cards of a node, or by ``any`` as well)."""
    key = np.stack([rows["wg_receiver"][outer], rows["wg_counter"][outer]])
    _, first = np.unique(key, axis=1, return_index=True)
    return outer[np.sort(first)]


def _mtu_of(rows: Sightings, cluster: Cluster, node: str, inner: Ints) -> int:
    """Return the MTU of the node's WireGuard device, by the inventory; no limit where that is unknown."""
    here = cluster.node(node)
    names = {rows.point(row).partition("/")[2] for row in inner[:1].tolist()}
    links = [link for link in here.links if link.name in names and link.mtu] if here else []
    return links[0].mtu if links else 1 << 16


def _message_size(ip_len: int, mtu: int) -> int:
    """Length of the data message that carries an IP packet (messages.h; padding as in drivers/net/wireguard/send.c)."""
    return 32 + max(min(-(-ip_len // 16) * 16, mtu), ip_len)


@dataclass(slots=True)
class _Ends:
    """Which two nodes a packet runs between, from its inner or its outer addresses."""

    rows: Sightings
    cluster: Cluster
    known: dict[tuple[int, int, bool], tuple[str, str]] = field(default_factory=dict)

    def of(self, row: int, *, outer: bool) -> tuple[str, str]:
        """Return (sending node, receiving node); empty names where the inventory knows no nodes."""
        key = int(self.rows["src"][row]), int(self.rows["dst"][row]), outer
        if key not in self.known:
            self.known[key] = self._name(key[0], outer), self._name(key[1], outer)
        return self.known[key]

    def _name(self, code: int, outer: bool) -> str:
        address, cluster = self.rows.addresses[code], self.cluster
        node = cluster.node_of_underlay(address)
        if node is None and not outer:
            node = cluster.node_of_pod_address(address)
        return node.name if node else ""


def _assign(rows: Sightings, inner: Ints, outer: Ints, mtu: int, ends: _Ends, result: Bridge) -> None:
    by_size: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    for row in outer[np.argsort(rows["ts_ns"][outer], kind="stable")].tolist():
        by_size[int(rows["payload_len"][row]), *ends.of(row, outer=True)].append(row)
    free = dict.fromkeys(by_size, 0)
    for row in inner[np.argsort(rows["ts_ns"][inner], kind="stable")].tolist():
        size = _message_size(int(rows["ip_len"][row]), mtu), *ends.of(row, outer=False)
        line, at = by_size.get(size, []), free.get(size, 0)
        while at < len(line) and int(rows["ts_ns"][line[at]]) < int(rows["ts_ns"][row]) - MATCH_WINDOW_NS:
            at += 1
        if at < len(line) and abs(int(rows["ts_ns"][line[at]] - rows["ts_ns"][row])) <= MATCH_WINDOW_NS:
            result.outer_of[row] = line[at]
            at += 1
        else:
            result.unmatched.append(row)
        if line:
            free[size] = at


@dataclass(slots=True)
class _PairFacts:
    data: list[int] = field(default_factory=list)
    clear: list[int] = field(default_factory=list)
    handshakes: list[int] = field(default_factory=list)
    matched: int = 0
    unmatched: int = 0


def judge(
    rows: Sightings,
    cluster: Cluster,
    sources: tuple[Source, ...],
    roles: dict[str, Role],
    bridged: Bridge,
    prover: Prover,
    *,
    expect_encryption: bool,
) -> Encryption:
    """Return the verdict on encryption between nodes.

    ``leaking`` needs WireGuard seen (or expected) and pod packets readable on a card between two nodes;
    ``encrypted`` needs data messages, no such packet, and captures that could have seen one.
    """
    pairs: dict[tuple[str, str], _PairFacts] = defaultdict(_PairFacts)
    between = _at_cards(rows, roles)
    for row in between[rows["wg_type"][between] != ABSENT].tolist():
        pair = pairs[_pair_of(rows, cluster, row)]
        (pair.data if rows["wg_type"][row] == DATA else pair.handshakes).append(row)
    clear = _clear_rows(rows, cluster, between)
    pod_rows = [row for row, (kind, _, _) in clear.items() if kind != BY_DESIGN]
    for row in pod_rows:
        _, a, b = clear[row]
        pairs[a, b].clear.append(row)
    for row in [*bridged.outer_of, *bridged.unmatched]:
        key = _pair_of(rows, cluster, row, inner=True)
        if key in pairs:
            if row in bridged.outer_of:
                pairs[key].matched += 1
            else:
                pairs[key].unmatched += 1
    blind = _blind(sources, roles, cluster)
    seen = sum(len(facts.data) for facts in pairs.values())
    verdict, reason = _verdict(seen, len(pod_rows), blind, expect_encryption)
    return Encryption(
        verdict=verdict,
        reason=reason,
        pairs=tuple(_pair(rows, key, facts, prover, blind) for key, facts in sorted(pairs.items())),
        cleartext=_cleartext(rows, cluster, clear, prover),
    )


def _verdict(data: int, clear: int, blind: str, expected: bool) -> tuple[Verdict, str]:
    on = data > 0 or expected
    if clear and on:
        return (
            Verdict.LEAKING,
            f"{clear} sightings of pod packets readable between nodes, beside {data} of WireGuard data",
        )
    if clear:
        return Verdict.NOT_ENCRYPTED, f"{clear} sightings of pod packets readable between nodes and no WireGuard data"
    if data and not blind:
        return Verdict.ENCRYPTED, f"{data} sightings of WireGuard data and no pod packet readable between nodes"
    if data:
        return Verdict.UNKNOWN, f"WireGuard data was seen and no pod packet in clear, but {blind}"
    return Verdict.UNKNOWN, "no traffic between nodes was captured on a card (role nic), neither in clear nor encrypted"


def _at_cards(rows: Sightings, roles: dict[str, Role]) -> Ints:
    nic = np.array([roles.get(point, Role.OTHER) in (Role.NIC, Role.OTHER) for point in rows.points] or [False])
    return np.flatnonzero(nic[rows["point"]]) if len(rows) else np.empty(0, np.int64)


def _pair_of(rows: Sightings, cluster: Cluster, row: int, *, inner: bool = False) -> tuple[str, str]:
    """Return the two nodes of a packet by name, sorted; bare addresses where no inventory names them.

    ``inner``: the addresses are those of pods, so that their node is looked up first.
    """
    names = []
    for column in ("src", "dst"):
        address = rows.address(column, row) or ""
        node = (cluster.node_of_pod_address(address) if inner else None) or cluster.node_of_underlay(address)
        names.append(node.name if node else address)
    a, b = sorted(names)
    return a, b


def _clear_rows(rows: Sightings, cluster: Cluster, between: Ints) -> dict[int, tuple[str, str, str]]:
    """Return the rows at cards that are readable and run between two nodes: row -> (class, node, node)."""
    found: dict[int, tuple[str, str, str]] = {}
    kinds: dict[tuple[int, int], tuple[str, str, str] | None] = {}
    for row in between[(rows["src"][between] != ABSENT) & (rows["wg_type"][between] == ABSENT)].tolist():
        key = int(rows["src"][row]), int(rows["dst"][row])
        if key not in kinds:
            kinds[key] = _classify(cluster, rows.addresses[key[0]], rows.addresses[key[1]])
        told = kinds[key]
        if told is not None:
            overlay = told[0] == "pod" and rows.tunnel(row) in (Tunnel.VXLAN, Tunnel.GENEVE)
            found[row] = ("overlay" if overlay else told[0], told[1], told[2])
    return found


# The ingress address speaks for a pod's client: its traffic to remote pods is covered (CVE-2024-28249 was that leak).
_COVERED = (AddressKind.POD, AddressKind.INGRESS)
_OF_NODES = (AddressKind.NODE, AddressKind.CILIUM_HOST)


def _classify(cluster: Cluster, src: str, dst: str) -> tuple[str, str, str] | None:
    """Return (class, node, node) of traffic between two addresses; None where it is not between two nodes.

    Traffic of the nodes themselves is ``node``: without nodeEncryption it stays in clear by design (FACTS section 9).
    """
    kinds = cluster.kind(src), cluster.kind(dst)
    if any(kind not in _COVERED + _OF_NODES for kind in kinds):
        return None
    a = cluster.node_of_underlay(src) or cluster.node_of_pod_address(src)
    b = cluster.node_of_underlay(dst) or cluster.node_of_pod_address(dst)
    if a is None or b is None or a.name == b.name or not (a.in_cluster and b.in_cluster):
        return None
    first, second = sorted((a.name, b.name))
    return "pod" if all(kind in _COVERED for kind in kinds) else BY_DESIGN, first, second


def _blind(sources: tuple[Source, ...], roles: dict[str, Role], cluster: Cluster) -> str:
    """Return why a packet in clear could have been missed; the empty string where it could not."""
    if not any(node.pod_cidrs for node in cluster.nodes) and not cluster.pods:
        return "no inventory says which addresses are pods (add kubectl get pods,ciliumnodes -o json with --inventory)"
    cards = [source for source in sources if roles.get(source.point, Role.OTHER) in (Role.NIC, Role.OTHER)]
    for source in cards:
        if source.match:
            return f"{source.point} was captured with a content filter, so nothing negative rests on it"
        if source.user_filter:
            return f"{source.point} was captured with the filter `{source.user_filter}`, which may hide it"
        if source.counts.dropped:
            return f"{source.point} lost {source.counts.dropped} packets in the kernel"
        if not source.ok:
            return f"the capture at {source.point} failed"
    return ""


def _pair(rows: Sightings, key: tuple[str, str], facts: _PairFacts, prover: Prover, blind: str) -> Pair:
    points = sorted({rows.point(row) for row in [*facts.data, *facts.clear, *facts.handshakes]})
    coverage = f"seen at {', '.join(points)}" + (f"; {blind}" if blind else "")
    return Pair(
        a=key[0],
        b=key[1],
        wireguard_packets=_datagrams(rows, facts.data),
        cleartext_packets=len(facts.clear),
        matched_inner=facts.matched,
        unmatched_inner=facts.unmatched,
        handshakes=_handshakes(rows, facts.handshakes),
        coverage=coverage,
        evidence=prover.of(facts.data, "WireGuard data messages (type 4) between the two nodes"),
    )


def _datagrams(rows: Sightings, members: list[int]) -> int:
    """Count different datagrams: the same (receiver index, counter) at two points is one."""
    return len({(int(rows["wg_receiver"][row]), int(rows["wg_counter"][row])) for row in members})


def _handshakes(rows: Sightings, members: list[int]) -> tuple[Handshake, ...]:
    """Pair initiations with the response that names their sender index, at the same point."""
    answers = {
        (int(rows["point"][row]), int(rows["wg_receiver"][row])): int(rows["ts_ns"][row])
        for row in members
        if rows["wg_type"][row] == RESPONSE
    }
    found: dict[int, Handshake] = {}
    for row in sorted(members, key=lambda row: int(rows["ts_ns"][row])):
        sender = int(rows["wg_sender"][row])
        if rows["wg_type"][row] != INITIATION or sender in found:
            continue
        begun = int(rows["ts_ns"][row])
        answered = answers.get((int(rows["point"][row]), sender))
        result = "answered" if answered is not None else "unanswered"
        rtt = answered - begun if answered is not None else None
        found[sender] = Handshake(time=rfc3339(begun), rtt_ns=rtt, result=result)
    return tuple(found.values())


def _cleartext(
    rows: Sightings, cluster: Cluster, clear: dict[int, tuple[str, str, str]], prover: Prover
) -> tuple[Cleartext, ...]:
    groups: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for row, (kind, _, _) in clear.items():
        groups[rows.address("src", row) or "", rows.address("dst", row) or "", kind].append(row)
    return tuple(
        Cleartext(
            src=src,
            dst=dst,
            kind=kind,
            packets=len(members),
            points=tuple(sorted({rows.point(row) for row in members})),
            evidence=prover.of(members, f"{src} to {dst} readable on the way between nodes"),
        )
        for (src, dst, kind), members in sorted(groups.items())
    )
