"""TCP with its options, UDP, SCTP ports, ICMP with its quotes, one packet at a time (see captools.wire.transport)."""

from __future__ import annotations

from typing import Any

from captools.model.narrow import Present
from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.loads import u8, u16, u32, u32le
from captools.wire.kernels.marks import (
    ECHO,
    ICMP,
    MALFORMED,
    MSS,
    MTU,
    PORTS,
    SACK,
    WSCALE,
)
from captools.wire.kernels.neighbours import neighbours
from captools.wire.kernels.quoted import quoted
from captools.wire.kernels.state import limit, need, payload, stop

_TCP, _STAMPS = int(Present.TCP), int(Present.TIMESTAMPS)
_NOP_NOP_STAMPS = 0x0A080101  # the usual option list of 12 bytes, as a little-endian word
_P_UDPLITE = 136
_IPV4, _IPV6 = 0x0800, 0x86DD


@kernel
def _ports(f: Any, s: Any) -> None:
    if s.at + 4 <= s.end:
        s.sport = u16(f, s.at)
        s.dport = u16(f, s.at + 2)
        s.lane_has |= PORTS


@kernel
def tcp(f: Any, s: Any) -> None:
    """Read the TCP header and leave the cursor at the payload."""
    _ports(f, s)
    if not need(s, 20):
        return
    at = s.at
    s.seq = u32(f, at + 4)
    s.ack = u32(f, at + 8)
    word = u16(f, at + 12)
    s.tcp_flags = word & 0x1FF
    s.window = u16(f, at + 14)
    s.has |= _TCP
    header = (word >> 12) * 4
    if header < 20:
        stop(s, MALFORMED)
        return
    if header == 32 and at + 32 <= s.end and u32le(f, at + 20) == _NOP_NOP_STAMPS:
        s.tsval = u32(f, at + 24)
        s.tsecr = u32(f, at + 28)
        s.has |= _STAMPS
    elif header > 20:
        _options(f, s, at + 20, min(at + header, s.end))
    if need(s, header):
        s.at = at + header
        payload(s)


@kernel
def _options(f: Any, s: Any, at: Any, end: Any) -> None:
    """Walk the option list in ``at`` to ``end``; a later option of a kind replaces an earlier one."""
    while at < end:
        kind = u8(f, at)
        if kind == 0:
            return
        if kind == 1:
            at += 1
            continue
        if at + 1 >= end:
            return
        length = u8(f, at + 1)
        if length < 2 or at + length > end:
            return
        if kind == 2 and length == 4:
            s.mss = u16(f, at + 2)
            s.rare |= MSS
        elif kind == 3 and length == 3:
            s.wscale = u8(f, at + 2)
            s.rare |= WSCALE
        elif kind == 8 and length == 10:
            s.tsval = u32(f, at + 2)
            s.tsecr = u32(f, at + 6)
            s.has |= _STAMPS
        elif kind == 5 and length >= 10:
            s.sack_at = at + 2
            s.sack_count = (length - 2) // 8 * 2
            s.rare |= SACK
        at += length


@kernel
def udp(f: Any, s: Any) -> None:
    """Read the UDP or UDP-Lite header and leave the cursor at the payload."""
    _ports(f, s)
    if not need(s, 8):
        return
    length = u16(f, s.at + 4)
    counted = s.proto != _P_UDPLITE
    if counted and length >= 8:
        limit(s, s.at + length)
    s.at += 8
    if counted and 0 < length < 8:
        stop(s, MALFORMED)
    payload(s)


@kernel
def sctp(f: Any, s: Any) -> None:
    """Read the ports of an SCTP common header."""
    _ports(f, s)
    if need(s, 12):
        s.at += 12
        payload(s)


@kernel
def icmp(f: Any, s: Any, v6: Any, port_tunnels: Any) -> None:
    """Read an ICMP or ICMPv6 header, and the headers an error quotes."""
    if not need(s, 4):
        return
    at = s.at
    kind = u8(f, at)
    code = u8(f, at + 1)
    s.icmp_type = kind
    s.icmp_code = code
    s.rare |= ICMP
    if not need(s, 8):
        return
    if v6:
        echo = kind == 128 or kind == 129
        big = kind == 2
        error = 1 <= kind <= 4
        measured = kind == 1 or kind == 3
        length = u8(f, at + 4) * 8
        neighbours(f, s, kind)
    else:
        echo = kind == 0 or kind == 8 or 13 <= kind <= 18
        big = kind == 3 and code == 4
        error = 3 <= kind <= 5 or kind == 11 or kind == 12
        measured = kind == 3 or kind == 11 or kind == 12
        length = u8(f, at + 5) * 4
    if echo:
        s.icmp_id = u16(f, at + 4)
        s.icmp_seq = u16(f, at + 6)
        s.rare |= ECHO
    if big:
        s.icmp_mtu = u32(f, at + 4) if v6 else u16(f, at + 6)
        s.rare |= MTU
    s.at = at + 8
    payload(s)
    if error:
        end = min(s.end, s.at + length) if measured and length > 0 else s.end
        quoted(f, s, s.at, end, _IPV6 if v6 else _IPV4, port_tunnels)
