"""Link layers, one packet at a time (see captools.wire.linktypes)."""

from __future__ import annotations

from typing import Any

from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.loads import u8, u16, u32, u48
from captools.wire.kernels.marks import ETH_DST, ETH_SRC, ETHERTYPE, IFINDEX, MALFORMED, NO_KIND, UNKNOWN_LINKTYPE, VLAN
from captools.wire.kernels.state import need, stop
from captools.wire.linktypes import EN10MB, IPV4, IPV6, LINUX_SLL, LINUX_SLL2, LOOP, NULL, RAW

# Indexes of captools.wire.kernels.tables.DIRECTIONS; 0 is unknown.
_LAST_PACKET_TYPE = 4


@kernel
def link_layer(f: Any, s: Any, linktype: Any) -> Any:
    """Read the link header; return the EtherType, NO_KIND where there is nothing to go on with."""
    if linktype == EN10MB:
        return ethernet(f, s)
    if linktype == LINUX_SLL:
        return _cooked(f, s)
    if linktype == LINUX_SLL2:
        return _cooked2(f, s)
    if linktype in (RAW, IPV4, IPV6) or linktype == 12 or linktype == 14:
        return _by_version(f, s)
    if linktype in (NULL, LOOP):
        if not need(s, 4):
            return NO_KIND
        s.at += 4
        return _by_version(f, s)
    stop(s, UNKNOWN_LINKTYPE)
    return NO_KIND


@kernel
def ethernet(f: Any, s: Any) -> Any:
    """Read an Ethernet header and its VLAN tags; return the EtherType."""
    if not need(s, 14):
        return NO_KIND
    s.eth_dst = u48(f, s.at)
    s.eth_src = u48(f, s.at + 6)
    s.lane_has |= ETH_DST | ETH_SRC
    kind = u16(f, s.at + 12)
    s.at += 14
    return _tags(f, s, kind)


@kernel
def _tags(f: Any, s: Any, kind: Any) -> Any:
    s.lane_has &= ~VLAN
    s.vlan = 0
    while kind == 0x8100 or kind == 0x88A8 or kind == 0x9100:
        if not need(s, 4):
            kind = NO_KIND
            break
        if not s.lane_has & VLAN:
            s.vlan = u16(f, s.at) & 0x0FFF
            s.lane_has |= VLAN
        kind = u16(f, s.at + 2)
        s.at += 4
    s.ethertype = kind
    s.lane_has |= ETHERTYPE
    return kind


@kernel
def _cooked(f: Any, s: Any) -> Any:
    if not need(s, 16):
        return NO_KIND
    _direction(s, u16(f, s.at))
    if u16(f, s.at + 4) == 6:
        s.eth_src = u48(f, s.at + 6)
        s.lane_has |= ETH_SRC
    kind = u16(f, s.at + 14)
    s.at += 16
    return _tags(f, s, kind)


@kernel
def _cooked2(f: Any, s: Any) -> Any:
    if not need(s, 20):
        return NO_KIND
    s.ifindex = u32(f, s.at + 4)
    s.lane_has |= IFINDEX
    _direction(s, u8(f, s.at + 10))
    if u8(f, s.at + 11) == 6:
        s.eth_src = u48(f, s.at + 12)
        s.lane_has |= ETH_SRC
    kind = u16(f, s.at)
    s.at += 20
    return _tags(f, s, kind)


@kernel
def _direction(s: Any, packet_type: Any) -> None:
    if packet_type <= _LAST_PACKET_TYPE:
        s.direction = packet_type + 1


@kernel
def _by_version(f: Any, s: Any) -> Any:
    if not need(s, 1):
        return NO_KIND
    version = u8(f, s.at) >> 4
    if version != 4 and version != 6:
        stop(s, MALFORMED)
        return NO_KIND
    s.ethertype = 0x0800 if version == 4 else 0x86DD
    s.lane_has |= ETHERTYPE
    return s.ethertype
