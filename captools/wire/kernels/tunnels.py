"""Tunnels, one packet at a time (see captools.wire.tunnels)."""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.model.narrow import Present
from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.link import ethernet
from captools.wire.kernels.loads import u8, u16, u32, u64
from captools.wire.kernels.marks import (
    DSR,
    ETH_DST,
    ETH_SRC,
    FRAGMENTED,
    GBP,
    GENEVE,
    GRE,
    MALFORMED,
    NETWORK,
    NO_KIND,
    OUTER_ETH_DST,
    OUTER_ETH_SRC,
    OUTER_PORTS,
    PORTS,
    TRUNCATED,
    UNKNOWN_ETHERTYPE,
    VNI,
    VXLAN,
)
from captools.wire.kernels.network import MAPPED
from captools.wire.kernels.shims import follow
from captools.wire.kernels.state import forget_network, need, stop
from captools.wire.tunnels import (
    CARRIED,
    ERSPAN_FRAME_TYPE,
    ERSPAN_VERSION_2,
    ERSPAN_VERSION_3,
    GPE_PORT,
    GROUP_POLICY,
    NEXT_PROTOCOL,
    TELLING,
    VNI_VALID,
)

_IP_ID, _OUTER_IP_ID = int(Present.IP_ID), int(Present.OUTER_IP_ID)
_IPV4, _IPV6, _TEB, _ERSPAN, _ERSPAN_3 = 0x0800, 0x86DD, 0x6558, 0x88BE, 0x22EB
_CARRIED = tuple(int(kind) for kind in CARRIED)
_DSR_CLASS_TYPE = 0x014B81
_INNER_OF_LANE = NETWORK | PORTS


@kernel
def open_tunnel(s: Any, kind: Any) -> None:
    """Turn what was read into the outer header (if it is the first) and make room for the inner."""
    if s.depth == 0:
        s.tunnel = kind
        s.outer_src_hi = s.src_hi
        s.outer_src_lo = s.src_lo
        s.outer_dst_hi = s.dst_hi
        s.outer_dst_lo = s.dst_lo
        s.outer_ttl = s.ttl
        s.outer_ip_id = s.ip_id
        s.outer_sport = s.sport
        s.outer_dport = s.dport
        s.outer_eth_src = s.eth_src
        s.outer_eth_dst = s.eth_dst
        if s.has & _IP_ID:
            s.has |= _OUTER_IP_ID
        if s.lane_has & PORTS:
            s.lane_has |= OUTER_PORTS
        if s.lane_has & ETH_SRC:
            s.lane_has |= OUTER_ETH_SRC
        if s.lane_has & ETH_DST:
            s.lane_has |= OUTER_ETH_DST
    s.depth += 1
    s.has &= _OUTER_IP_ID
    s.lane_has &= ~_INNER_OF_LANE
    s.rare &= ~FRAGMENTED
    forget_network(s)


@kernel
def _put_vni(s: Any, vni: Any) -> None:
    if s.depth == 1:
        s.vni = vni
        s.lane_has |= VNI


@kernel
def udp_tunnel(f: Any, s: Any, port_tunnels: Any) -> Any:
    """Open VXLAN or Geneve where the destination port says so; return the EtherType of what is inside."""
    tunnel = port_tunnels[s.dport]
    if tunnel == 0:
        return NO_KIND
    if s.at + 8 > s.end:
        # A header that the capture cut hides the inner packet; a datagram that short by itself is no tunnel.
        if s.at + 8 <= s.wire_end:
            stop(s, TRUNCATED)
        return NO_KIND
    if tunnel == VXLAN:
        return _vxlan(f, s)
    if u8(f, s.at) >> 6:
        return NO_KIND
    return _geneve(f, s)


@kernel
def _vxlan(f: Any, s: Any) -> Any:
    at = s.at
    flags = u16(f, at)
    first = flags >> 8
    if first & TELLING != VNI_VALID:
        return NO_KIND
    gpe = s.dport == GPE_PORT
    open_tunnel(s, VXLAN)
    _put_vni(s, u32(f, at + 4) >> 8)
    if s.depth == 1:
        s.vxlan_flags = first if gpe else flags
        if first & GROUP_POLICY and not gpe:
            s.vxlan_gbp = u16(f, at + 2)
            s.lane_has |= GBP
    s.at = at + 8
    if gpe and first & NEXT_PROTOCOL:
        return follow(f, s, u8(f, at + 3))
    return ethernet(f, s)


@kernel
def _fits(s: Any, size: Any) -> Any:
    """Tell whether the whole tunnel header is there; a cut one says so, one too long for its packet is none."""
    if s.at + size <= s.end:
        return True
    if s.at + size <= s.wire_end:
        stop(s, TRUNCATED)
    return False


@kernel
def _carried(f: Any, s: Any, inner: Any) -> Any:
    """Go on at the cursor with what a tunnel header's EtherType names; an unknown one ends here."""
    if inner == _TEB:
        return ethernet(f, s)
    if inner in _CARRIED:
        return inner
    stop(s, UNKNOWN_ETHERTYPE)
    return NO_KIND


@kernel
def _geneve(f: Any, s: Any) -> Any:
    at = s.at
    options = (u8(f, at) & 0x3F) * 4
    if not _fits(s, 8 + options):
        return NO_KIND
    inner = u16(f, at + 2)
    vni = u32(f, at + 4) >> 8
    open_tunnel(s, GENEVE)
    _put_vni(s, vni)
    if options:
        _geneve_options(f, s, at + 8, at + 8 + options)
    s.at = at + 8 + options
    return _carried(f, s, inner)


@kernel
def _geneve_options(f: Any, s: Any, at: Any, end: Any) -> None:
    """Look for Cilium's DSR option."""
    while at + 4 <= end:
        word = u32(f, at)
        length = (word & 0x1F) * 4
        if at + 4 + length > end:
            return
        if word >> 8 == _DSR_CLASS_TYPE and length >= 8:
            if length >= 20:
                s.dsr_hi = u64(f, at + 4)
                s.dsr_lo = u64(f, at + 12)
                s.dsr_port = u16(f, at + 20)
            else:
                s.dsr_hi = np.uint64(0)
                s.dsr_lo = MAPPED | np.uint64(u32(f, at + 4))
                s.dsr_port = u16(f, at + 8)
            s.rare |= DSR
        at += 4 + length


@kernel
def gre(f: Any, s: Any) -> Any:
    """Open GRE version 0; return the EtherType of what is inside."""
    if not need(s, 4):
        return NO_KIND
    at = s.at
    word = u16(f, at)
    inner = u16(f, at + 2)
    checksum = 4 if word & 0x8000 else 0
    key = 4 if word & 0x2000 else 0
    size = 4 + checksum + key + (4 if word & 0x1000 else 0)
    if word & 0x0007 or not _fits(s, size):
        return NO_KIND
    open_tunnel(s, GRE)
    if key:
        _put_vni(s, u32(f, at + 4 + checksum))
    s.at = at + size
    if inner in (_ERSPAN, _ERSPAN_3):
        return _mirrored(f, s, inner == _ERSPAN_3, word & 0x1000)
    return _carried(f, s, inner)


@kernel
def _mirrored(f: Any, s: Any, third: Any, numbered: Any) -> Any:
    """Step over the header of a mirrored frame."""
    if third or numbered:
        if not need(s, 8) or (third and not need(s, 12)):
            return NO_KIND
        if u8(f, s.at) >> 4 != (ERSPAN_VERSION_3 if third else ERSPAN_VERSION_2):
            stop(s, MALFORMED)
            return NO_KIND
        if third and u16(f, s.at + 10) & ERSPAN_FRAME_TYPE:
            stop(s, UNKNOWN_ETHERTYPE)
            return NO_KIND
        if third:
            s.at += 20 if u8(f, s.at + 11) & 1 else 12
        else:
            s.at += 8
    return ethernet(f, s)
