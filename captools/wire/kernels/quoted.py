"""What ICMP errors quote, one packet at a time (see captools.wire.quoted)."""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.loads import u8, u16, u32, u64
from captools.wire.kernels.marks import GENEVE, QUOTED, QUOTED_PORTS, QUOTED_SEQ, VXLAN
from captools.wire.kernels.network import MAPPED, is_extension
from captools.wire.linktypes import VLAN_TAGS
from captools.wire.quoted import MAX_EXTENSIONS, MAX_QUOTED
from captools.wire.tunnels import GPE_PORT, TELLING, VNI_VALID

_IPV4, _IPV6, _TEB = 0x0800, 0x86DD, 0x6558
_TAGS = tuple(int(kind) for kind in VLAN_TAGS)
_IPIP, _TCP, _UDP, _SIT, _FRAGMENT, _GRE, _AH, _SCTP = 4, 6, 17, 41, 44, 47, 51, 132
_UNREADABLE = -1


@kernel
def quoted(f: Any, s: Any, at: Any, end: Any, kind: Any, port_tunnels: Any) -> None:
    """Note what the packet at ``at`` is, of EtherType ``kind`` and quoted up to ``end``."""
    for _ in range(MAX_QUOTED):
        at = _ipv4(f, s, at, end) if kind == _IPV4 else _ipv6(f, s, at, end)
        if at == _UNREADABLE:
            return
        proto = s.quoted_proto
        if proto in (_TCP, _UDP, _SCTP) and at + 4 <= end:
            s.quoted_sport = u16(f, at)
            s.quoted_dport = u16(f, at + 2)
            s.rare |= QUOTED_PORTS
            if proto == _TCP and at + 8 <= end:
                s.quoted_seq = u32(f, at + 4)
                s.rare |= QUOTED_SEQ
        kind, at = _inside(f, s, at, end, port_tunnels)
        if kind == 0:
            return


@kernel
def _ipv4(f: Any, s: Any, at: Any, end: Any) -> Any:
    """Note an IPv4 header; return the place of a transport header, _UNREADABLE where none follows."""
    if at + 20 > end:
        return _UNREADABLE
    first = u8(f, at)
    size = (first & 0x0F) * 4
    if first >> 4 != 4 or size < 20:
        return _UNREADABLE
    zero = np.uint64(0)
    s.quoted_src_hi = zero
    s.quoted_src_lo = MAPPED | np.uint64(u32(f, at + 12))
    s.quoted_dst_hi = zero
    s.quoted_dst_lo = MAPPED | np.uint64(u32(f, at + 16))
    s.quoted_proto = u8(f, at + 9)
    s.rare = (s.rare | QUOTED) & ~(QUOTED_PORTS | QUOTED_SEQ)
    if u16(f, at + 6) & 0x1FFF:
        return _UNREADABLE
    return _followed(f, s, at + size, end, False)


@kernel
def _ipv6(f: Any, s: Any, at: Any, end: Any) -> Any:
    if at + 40 > end or u8(f, at) >> 4 != 6:
        return _UNREADABLE
    s.quoted_src_hi = u64(f, at + 8)
    s.quoted_src_lo = u64(f, at + 16)
    s.quoted_dst_hi = u64(f, at + 24)
    s.quoted_dst_lo = u64(f, at + 32)
    s.quoted_proto = u8(f, at + 6)
    s.rare = (s.rare | QUOTED) & ~(QUOTED_PORTS | QUOTED_SEQ)
    return _followed(f, s, at + 40, end, True)


@kernel
def _followed(f: Any, s: Any, at: Any, end: Any, v6: Any) -> Any:
    """Step over extension headers, as far as they are quoted."""
    for _ in range(MAX_EXTENSIONS):
        kind = s.quoted_proto
        if not is_extension(kind, v6):
            return at
        if at + 8 > end:
            return _UNREADABLE
        size = (u8(f, at + 1) + 1) * 8
        if kind == _AH:
            size = (u8(f, at + 1) + 2) * 4
        elif kind == _FRAGMENT:
            size = 8
        s.quoted_proto = u8(f, at)
        if kind == _FRAGMENT and u16(f, at + 2) & 0xFFF8:
            return _UNREADABLE
        at += size
    return _UNREADABLE


@kernel
def _inside(f: Any, s: Any, at: Any, end: Any, port_tunnels: Any) -> Any:
    """Return EtherType and place of the packet that a quoted tunnel header carries; 0 where it carries none."""
    proto = s.quoted_proto
    if proto == _IPIP:
        return _IPV4, at
    if proto == _SIT:
        return _IPV6, at
    if proto == _GRE and at + 4 <= end:
        word = u16(f, at)
        size = 4 + (word >> 15 & 1) * 4 + (word >> 13 & 1) * 4 + (word >> 12 & 1) * 4
        if word & 7:
            return 0, at
        return _carried(f, at + size, end, u16(f, at + 2))
    if proto == _UDP and at + 16 <= end:
        dport = u16(f, at + 2)
        tunnel = port_tunnels[dport]
        first = u8(f, at + 8)
        if tunnel == VXLAN and dport != GPE_PORT and first & TELLING == VNI_VALID:
            return _carried(f, at + 16, end, _TEB)
        if tunnel == GENEVE and first >> 6 == 0:
            return _carried(f, at + 16 + (first & 0x3F) * 4, end, u16(f, at + 10))
    return 0, at


@kernel
def _carried(f: Any, at: Any, end: Any, kind: Any) -> Any:
    """Step over an inner Ethernet header and its tags."""
    if kind == _TEB:
        at += 14
        while at <= end:
            kind = u16(f, at - 2)
            if kind not in _TAGS:
                break
            at += 4
    if kind in (_IPV4, _IPV6) and at <= end:
        return kind, at
    return 0, at
