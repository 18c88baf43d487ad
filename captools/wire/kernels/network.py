"""IPv4, IPv6 with its extension headers, and ARP, one packet at a time (see captools.wire.ip and .arp)."""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.model.narrow import Present
from captools.wire.ip import JUMBO_OPTION, MAX_EXTENSIONS
from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.ipsec import authentication
from captools.wire.kernels.loads import u8, u16, u32, u48, u64
from captools.wire.kernels.marks import (
    ARP,
    FRAGMENTED,
    LATER_FRAGMENT,
    MALFORMED,
    NETWORK,
    NO_PROTOCOL,
    TOO_DEEP,
    TRUNCATED,
)
from captools.wire.kernels.state import limit, need, stop

MAPPED = np.uint64(0xFFFF_0000_0000)  # the low word of ::ffff:0:0 (RFC 4291, section 2.5.5.2)
_IP_ID, _DONT_FRAGMENT = int(Present.IP_ID), int(Present.DONT_FRAGMENT)
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTH, _DESTINATION = 0, 43, 44, 51, 60


@kernel
def ipv4(f: Any, s: Any) -> Any:
    """Read the IPv4 header; return its protocol, NO_PROTOCOL where none follows."""
    if not need(s, 20):
        return NO_PROTOCOL
    at = s.at
    first = u8(f, at)
    header = (first & 0x0F) * 4
    if first >> 4 != 4 or header < 20:
        stop(s, MALFORMED)
        return NO_PROTOCOL
    s.version = 4
    s.tos = u8(f, at + 1)
    total = u16(f, at + 2)
    s.ip_id = u16(f, at + 4)
    fragment = u16(f, at + 6)
    s.ttl = u8(f, at + 8)
    s.proto = u8(f, at + 9)
    s.src_hi = np.uint64(0)
    s.src_lo = MAPPED | np.uint64(u32(f, at + 12))
    s.dst_hi = np.uint64(0)
    s.dst_lo = MAPPED | np.uint64(u32(f, at + 16))
    s.lane_has |= NETWORK
    s.has |= _IP_ID
    if fragment & 0x4000:
        s.has |= _DONT_FRAGMENT
    s.more_fragments = fragment >> 13 & 1
    if fragment & 0x3FFF:
        s.fragment_offset = (fragment & 0x1FFF) * 8 & 0xFFFF
        s.rare |= FRAGMENTED
    length = s.wire_end - at if total == 0 else total
    s.ip_len = length
    if length < header:
        stop(s, MALFORMED)
        return NO_PROTOCOL
    limit(s, at + length)
    s.wire_end = at + length
    if at + header > s.end:
        stop(s, TRUNCATED)
        return NO_PROTOCOL
    s.at = at + header
    if fragment & 0x1FFF:
        stop(s, LATER_FRAGMENT)
        return NO_PROTOCOL
    if s.proto == _AUTH:
        return _extensions(f, s, False)
    return s.proto


@kernel
def ipv6(f: Any, s: Any) -> Any:
    """Read the IPv6 header and its extension headers; return the upper protocol."""
    if not need(s, 40):
        return NO_PROTOCOL
    at = s.at
    if u8(f, at) >> 4 != 6:
        stop(s, MALFORMED)
        return NO_PROTOCOL
    s.version = 6
    s.tos = u16(f, at) >> 4 & 0xFF
    payload = u16(f, at + 4)
    s.proto = u8(f, at + 6)
    s.ttl = u8(f, at + 7)
    s.src_hi = u64(f, at + 8)
    s.src_lo = u64(f, at + 16)
    s.dst_hi = u64(f, at + 24)
    s.dst_lo = u64(f, at + 32)
    s.lane_has |= NETWORK
    s.more_fragments = 0
    s.ip_len = payload + 40
    if payload == 0:
        s.ip_len = _jumbo(f, s, at)
    s.wire_end = at + s.ip_len
    s.end = min(s.end, s.wire_end)
    s.at = at + 40
    return _extensions(f, s, True)


@kernel
def _jumbo(f: Any, s: Any, at: Any) -> Any:
    if at + 48 <= s.end and s.proto == _HOP_BY_HOP and u16(f, at + 42) == JUMBO_OPTION and u32(f, at + 44) > 0xFFFF:
        return u32(f, at + 44) + 40
    return s.wire_end - at


@kernel
def is_extension(kind: Any, v6: Any) -> Any:
    """Tell whether a protocol is an extension header, behind which another protocol follows."""
    return kind == _AUTH or (v6 and kind in (_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION))


@kernel
def _extensions(f: Any, s: Any, v6: Any) -> Any:
    for _ in range(MAX_EXTENSIONS):
        kind = s.proto
        if not is_extension(kind, v6):
            return kind
        if not need(s, 8):
            return NO_PROTOCOL
        at = s.at
        units = u8(f, at + 1)
        word = u16(f, at + 2)
        size = (units + 1) * 8
        if kind == _AUTH:
            size = (units + 2) * 4
            authentication(f, s)
        elif kind == _FRAGMENT:
            size = 8
            s.fragment_offset = word & 0xFFF8
            s.more_fragments = word & 1
            s.ip_id = u32(f, at + 4)
            s.has |= _IP_ID
            s.rare |= FRAGMENTED
        s.proto = u8(f, at)
        s.at = at + size
        if s.at > s.end:
            stop(s, TRUNCATED)
            return NO_PROTOCOL
        if kind == _FRAGMENT and word & 0xFFF8:
            stop(s, LATER_FRAGMENT)
            return NO_PROTOCOL
    if is_extension(s.proto, v6):
        stop(s, TOO_DEEP)
        return NO_PROTOCOL
    return s.proto


@kernel
def arp(f: Any, s: Any) -> None:
    """Read an ARP packet for IPv4 over Ethernet (RFC 826)."""
    if not need(s, 8):
        return
    at = s.at
    if u32(f, at) != 0x0001_0800 or u16(f, at + 4) != 0x0604:
        stop(s, MALFORMED)
        return
    if not need(s, 28):
        return
    s.arp_op = u16(f, at + 6)
    s.arp_sender_mac = u48(f, at + 8)
    s.arp_sender_ip = u32(f, at + 14)
    s.arp_target_mac = u48(f, at + 18)
    s.arp_target_ip = u32(f, at + 24)
    s.rare |= ARP
    s.at = at + 28
