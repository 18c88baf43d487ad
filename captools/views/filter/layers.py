"""In which slots of which rows a protocol is: the ground of presence tests and of layer numbers (``ip.src#2``).

The packet table holds the first outer headers, the innermost ones, and what an ICMP error quotes; headers between
them (a tunnel in a tunnel) are not in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from captools.model.addresses import V4_PREFIX
from captools.model.packets import EtherType, Proto, Tunnel
from captools.views.filter.registry import Slot

if TYPE_CHECKING:
    from captools.views.filter.rows import Rows

Mask = npt.NDArray[np.bool_]
_COOKED = (113, 276)  # link types LINUX_SLL and LINUX_SLL2
_TLS_TYPES = (20, 21, 22, 23)  # change cipher spec, alert, handshake, application data
_TLS_RECORD = 16_384 + 2_048  # what TLS 1.2 allows, RFC 5246, section 6.2.3
_MAPPED = np.uint64(int.from_bytes(V4_PREFIX[8:], "big"))  # the first eight bytes are zero


def mapped(rows: Rows, column: str) -> Mask:
    """Tell for each row whether an address column holds an IPv4 address."""
    valid = rows.valid(column)
    if not valid.any():
        return valid
    words = rows.octets(column).view(">u8")  # two numbers of eight bytes: faster than twelve bytes
    found: Mask = valid & (words[:, 0] == 0) & (words[:, 1] >> np.uint64(32) == _MAPPED)
    return found


def _two_ethernets(rows: Rows) -> Mask:
    """Where a tunnel carried Ethernet: else the link's own addresses stand in both pairs of columns."""
    same = (rows.octets("eth_src") == rows.octets("outer_eth_src")).all(axis=1)
    same &= (rows.octets("eth_dst") == rows.octets("outer_eth_dst")).all(axis=1)
    inner: Mask = rows.valid("eth_dst") & ~(same & rows.valid("outer_eth_dst"))
    return inner


def _transport(column: str, number: int, ports: str) -> Callable[[Rows], Mask]:
    return lambda rows: rows.equal(column, number) & rows.valid(ports)


def _tunnel(*names: str) -> Callable[[Rows], Mask]:
    def mask(rows: Rows) -> Mask:
        found = np.zeros(len(rows), np.bool_)
        for name in names:
            found |= rows.says("tunnel", name)
        return found

    return mask


def _cooked(rows: Rows) -> Mask:
    return np.isin(rows.numbers("linktype"), _COOKED)


def _udp_tunnel(rows: Rows) -> Mask:
    return _tunnel(Tunnel.VXLAN, Tunnel.GENEVE)(rows) & rows.valid("outer_sport")


def _tls_record(rows: Rows) -> Mask:
    """Where a TCP payload begins with a record's type, version and length (RFC 8446, section 5.1), or holds a hello."""
    head = rows.numbers("payload_head").astype(np.uint64)
    begins: Mask = rows.equal("proto", Proto.TCP) & (head >> np.uint64(48) & np.uint64(0xFF) == 3)
    begins &= np.isin(head >> np.uint64(56), _TLS_TYPES) & (head >> np.uint64(40) & np.uint64(0xFF) <= 4)
    length = head >> np.uint64(24) & np.uint64(0xFFFF)
    begins &= (length > 0) & (length <= _TLS_RECORD)
    return begins | rows.holding("tls")


PRESENT: dict[tuple[str, Slot], Callable[[Rows], Mask]] = {
    ("frame", Slot.INNER): lambda rows: np.ones(len(rows), np.bool_),
    ("eth", Slot.OUTER): lambda rows: rows.valid("outer_eth_dst"),
    ("eth", Slot.INNER): _two_ethernets,
    ("sll", Slot.OUTER): lambda rows: _cooked(rows) & (rows.numbers("depth") > 0),
    ("sll", Slot.INNER): lambda rows: _cooked(rows) & (rows.numbers("depth") == 0),
    ("vlan", Slot.INNER): lambda rows: rows.valid("vlan"),
    ("arp", Slot.INNER): lambda rows: rows.valid("arp_op") | rows.equal("ethertype", EtherType.ARP),
    ("ip", Slot.OUTER): lambda rows: mapped(rows, "outer_src"),
    ("ip", Slot.INNER): lambda rows: rows.equal("ip_version", 4),
    ("ip", Slot.QUOTED): lambda rows: mapped(rows, "quoted_src"),
    ("ipv6", Slot.OUTER): lambda rows: rows.valid("outer_src") & ~mapped(rows, "outer_src"),
    ("ipv6", Slot.INNER): lambda rows: rows.equal("ip_version", 6),
    ("ipv6", Slot.QUOTED): lambda rows: rows.valid("quoted_src") & ~mapped(rows, "quoted_src"),
    ("tcp", Slot.INNER): _transport("proto", Proto.TCP, "sport"),
    ("tcp", Slot.QUOTED): _transport("quoted_proto", Proto.TCP, "quoted_sport"),
    ("udp", Slot.OUTER): _udp_tunnel,
    ("udp", Slot.INNER): _transport("proto", Proto.UDP, "sport"),
    ("udp", Slot.QUOTED): _transport("quoted_proto", Proto.UDP, "quoted_sport"),
    ("sctp", Slot.INNER): _transport("proto", Proto.SCTP, "sport"),
    ("sctp", Slot.QUOTED): _transport("quoted_proto", Proto.SCTP, "quoted_sport"),
    ("icmp", Slot.INNER): _transport("proto", Proto.ICMP, "icmp_type"),
    ("icmp", Slot.QUOTED): lambda rows: rows.equal("quoted_proto", Proto.ICMP),
    ("icmpv6", Slot.INNER): _transport("proto", Proto.ICMPV6, "icmp_type"),
    ("icmpv6", Slot.QUOTED): lambda rows: rows.equal("quoted_proto", Proto.ICMPV6),
    ("esp", Slot.INNER): lambda rows: rows.equal("proto", Proto.ESP) | rows.equal("ipsec_proto", Proto.ESP),
    ("ah", Slot.INNER): lambda rows: rows.equal("ipsec_proto", Proto.AH),
    ("mpls", Slot.INNER): lambda rows: rows.valid("mpls_label"),
    ("gre", Slot.INNER): lambda rows: _tunnel(Tunnel.GRE)(rows) | rows.equal("proto", Proto.GRE),
    ("vxlan", Slot.INNER): _tunnel(Tunnel.VXLAN),
    ("geneve", Slot.INNER): _tunnel(Tunnel.GENEVE),
    ("wg", Slot.INNER): lambda rows: rows.valid("wg_type"),
    ("tls", Slot.INNER): _tls_record,
}
