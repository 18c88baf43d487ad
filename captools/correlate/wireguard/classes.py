"""Classes: what each frame on a link between two nodes is, and between which two.

Pods (and ingress addresses) of both nodes are what WireGuard covers; a packet of them that can be read is a leak. What
a node itself sends or gets stays in clear without node encryption, by design (FACTS, section 9).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.correlate.wireguard.ends import HEALTH_IDENTITY, Bools, End, Ends
from captools.correlate.wireguard.messages import number
from captools.model.addresses import mac_text
from captools.model.cluster import Cluster
from captools.model.encryption import LEAKS, Kind
from captools.model.packets import EtherType, Proto, Tunnel
from captools.wire.tunnels import GENEVE_PORT, VXLAN_PORTS
from captools.wire.wireguard import (
    COOKIE,
    DATA,
    DATA_HEADER,
    INITIATION,
    KEEPALIVE,
    RESPONSE,
    WELL_KNOWN_PORTS,
)

KINDS = tuple(Kind)
HEALTH_PORT = 4240
_NEIGHBOUR = (133, 137)  # ICMPv6 types of router and neighbour discovery, redirect included (RFC 4861)
_CODE = {kind: code for code, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Classified:
    """Frames between two places: row, class (a place in KINDS), and the places, the smaller one first."""

    row: Ints
    kind: Ints
    low: Ints
    high: Ints


def classify(rows: Sightings, ends: Ends, cluster: Cluster, clear: Bools, sealed: Bools) -> Classified:
    """Classify the rows at cards (``clear``, by point code); WireGuard's also where ``sealed`` says so."""
    if not len(rows):
        nothing = np.empty(0, np.int64)
        return Classified(nothing, nothing, nothing, nothing)
    is_wireguard = rows["wg_type"] != ABSENT
    row = np.flatnonzero(np.where(is_wireguard, sealed[rows["point"]], clear[rows["point"]]))
    src, dst = _ends_of(rows, ends, row)
    by_mac = (src == ABSENT) | (dst == ABSENT)
    kind = _kinds(rows, ends, row)
    _by_mac(rows, ends, cluster, row, by_mac, src, dst, kind)
    _fragments(rows, row, kind)
    _beside_esp(rows, ends, row, kind, src, dst)
    members = ends.members()
    between = (src != dst) & (src != ABSENT) & (dst != ABSENT) & (is_wireguard[row] | (members[src] & members[dst]))
    low, high = np.minimum(src, dst), np.maximum(src, dst)
    return Classified(row[between], kind[between], low[between], high[between])


def _ends_of(rows: Sightings, ends: Ends, row: Ints) -> tuple[Ints, Ints]:
    """Return the places that a frame runs between, by its outermost addresses where they are nodes."""
    found = []
    for name, arp in (("src", "arp_sender_ip"), ("dst", "arp_target_ip")):
        place = ends.owner[rows[name][row]]
        outer = ends.underlay[rows[f"outer_{name}"][row]]
        place = np.where(outer != ABSENT, outer, place)
        asked = ends.underlay[rows[arp][row]]
        found.append(np.where((rows["arp_op"][row] != ABSENT) & (rows["outer_src"][row] == ABSENT), asked, place))
    sealed = rows["wg_type"][row] != ABSENT
    for place, name in zip(found, ("src", "dst"), strict=True):
        place[sealed] = ends.of_datagrams(rows[name][row[sealed]])
    targets = ends.underlay[rows["nd_target"][row]] if "nd_target" in rows.columns else np.full(len(row), ABSENT)
    found[1] = np.where((found[1] == ABSENT) & (targets != ABSENT), targets, found[1])
    return found[0], found[1]


def _kinds(rows: Sightings, ends: Ends, row: Ints) -> Ints:
    """Return each row's class by its addresses and ports; the first condition that holds decides."""
    src, dst = ends.kind[rows["src"][row]], ends.kind[rows["dst"][row]]
    tunnelled = rows["tunnel"][row] != rows.tunnels.index(Tunnel.NONE) if Tunnel.NONE in rows.tunnels else row >= 0
    nobody = rows["src"][row] == ABSENT
    of_node = (src == End.NODE) | (dst == End.NODE)
    port = (rows["sport"][row] == HEALTH_PORT) | (rows["dport"][row] == HEALTH_PORT)
    health = (src == End.HEALTH) | (dst == End.HEALTH) | (rows["vni"][row] == HEALTH_IDENTITY)
    health |= of_node & port & (rows["proto"][row] == Proto.TCP)
    low, high = _NEIGHBOUR
    icmp_type, wg = rows["icmp_type"][row], rows["wg_type"][row]
    neighbour = (rows["proto"][row] == Proto.ICMPV6) & (icmp_type >= low) & (icmp_type <= high)
    covered = (src == End.COVERED) & (dst == End.COVERED)
    of_ip = np.isin(rows["ethertype"][row], (EtherType.IPV4, EtherType.IPV6))
    later = rows["frag_offset"][row] > 0
    udp_between_nodes = (rows["proto"][row] == Proto.UDP) & (src == End.NODE) & (dst == End.NODE)
    told = [
        ((wg == DATA) & (rows["payload_len"][row] == KEEPALIVE), Kind.KEEPALIVE),
        (wg == DATA, Kind.DATA),
        ((wg == INITIATION) | (wg == RESPONSE), Kind.HANDSHAKE),
        (wg == COOKIE, Kind.COOKIE),
        (rows["arp_op"][row] != ABSENT, Kind.ARP),
        (rows["ipsec_proto"][row] == Proto.ESP, Kind.IPSEC),
        (neighbour, Kind.NEIGHBOUR),
        (nobody & (tunnelled | of_ip), Kind.UNREAD),
        (nobody, Kind.CONTROL),
        (health, Kind.HEALTH),
        (covered & tunnelled, Kind.OVERLAY),
        (covered, Kind.POD),
        (udp_between_nodes & (later | _undecided(rows, row)), Kind.UNREAD),
        (~of_node, Kind.OTHER),
    ]
    return np.select([one for one, _ in told], [_CODE[kind] for _, kind in told], _CODE[Kind.NODE])


def _undecided(rows: Sightings, row: Ints) -> Bools:
    """Tell datagrams on a tunnel's or WireGuard's port whose bytes were not captured: a port proves neither."""
    held = np.where(rows["cap_len"][row] == ABSENT, 0, rows["cap_len"][row] - rows["payload_off"][row])
    held[rows["more_fragments"][row] == 1] = 0  # the head of a datagram is not taken for the whole
    wireguard = np.isin(rows["dport"][row], WELL_KNOWN_PORTS) & (held < DATA_HEADER)
    tunnel = np.isin(rows["dport"][row], (*VXLAN_PORTS, GENEVE_PORT))
    found: Bools = (rows["outer_src"][row] == ABSENT) & (wireguard | tunnel)
    return found


def _beside_esp(rows: Sightings, ends: Ends, row: Ints, kind: Ints, src: Ints, dst: Ints) -> None:
    """Where two nodes use ESP, a readable packet at its receiver's card may be what the kernel decrypted; in place."""
    low, high = np.minimum(src, dst), np.maximum(src, dst)
    pair = number(low, high)
    sealed = np.isin(pair, pair[kind == _CODE[Kind.IPSEC]])
    if not sealed.any():
        return
    places = np.array([ends.place(point.partition("/")[0]) for point in rows.points])
    leak = np.isin(kind, [_CODE[one] for one in LEAKS])
    kind[sealed & leak & (places[rows["point"][row]] == dst)] = _CODE[Kind.DECRYPTED]


def _by_mac(
    rows: Sightings, ends: Ends, cluster: Cluster, row: Ints, unknown: Bools, src: Ints, dst: Ints, kind: Ints
) -> None:
    """Name the ends of frames whose addresses do not: by the MAC addresses of the nodes' interfaces, in place."""
    told = np.isin(kind, [_CODE[one] for one in (Kind.CONTROL, Kind.OTHER, Kind.NEIGHBOUR, Kind.UNREAD)])
    where = np.flatnonzero(unknown & told & (rows["outer_src"][row] == ABSENT))
    macs = {link.mac: node.name for node in cluster.nodes for link in node.links if link.mac}
    if not len(where) or not macs:
        return
    frames = pa.array(row[where])
    for name, place in (("eth_src", src), ("eth_dst", dst)):
        codes = rows.table[name].take(frames).combine_chunks().dictionary_encode()
        texts = [mac_text(one) for one in codes.dictionary.to_pylist()]
        places = np.array([ends.place(macs[one]) if one in macs else ABSENT for one in texts] + [ABSENT])
        place[where] = places[codes.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)]


def _fragments(rows: Sightings, row: Ints, kind: Ints) -> None:
    """Give later fragments the class of the first one of their packet where it was seen, in place."""
    later = (rows["frag_offset"][row] > 0) & (kind == _CODE[Kind.UNREAD])
    if not later.any():
        return
    heads = np.flatnonzero((rows["more_fragments"][row] == 1) & (rows["frag_offset"][row] == 0))
    key = number(*(rows[name][row] for name in ("point", "src", "dst", "ip_id")))
    first = np.full(int(key.max()) + 1, ABSENT)
    first[key[heads[::-1]]] = kind[heads[::-1]]
    known = later & (first[key] != ABSENT)
    kind[known] = first[key[known]]
