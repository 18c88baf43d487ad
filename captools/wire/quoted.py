"""The packet that an ICMP error quotes, followed into a tunnel as far as its bytes are quoted.

An error about a tunnel's packet speaks to the node that built the tunnel, but what it lost is the packet inside: so
the innermost header that is quoted whole is the one we name. Errors are few: this reads one at a time.
"""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from captools.model.addresses import V4_PREFIX
from captools.model.packets import EtherType, Proto
from captools.wire.linktypes import VLAN_TAGS
from captools.wire.tunnels import GENEVE_PORT, GPE_PORT, VXLAN_HEADER, is_vxlan

MAX_QUOTED = 4  # headers in headers
MAX_EXTENSIONS = 16
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION = 0, 43, 44, 60
_EXTENSIONS = (_HOP_BY_HOP, _ROUTING, _FRAGMENT, _DESTINATION, int(Proto.AH))
_PORTED = (Proto.TCP, Proto.UDP, Proto.SCTP)
_NOTHING = 0


class Quote(NamedTuple):
    """What is known of a quoted packet; addresses in 16 bytes."""

    src: bytes
    dst: bytes
    proto: int
    sport: int | None = None
    dport: int | None = None
    seq: int | None = None


class _Header(NamedTuple):
    src: bytes
    dst: bytes
    proto: int
    at: int  # of what follows
    readable: bool  # what follows is the beginning of the transport header


def quoted(data: memoryview, at: int, end: int, kind: int, vxlan_ports: Container[int]) -> Quote | None:
    """Return what the packet at ``at`` is, of EtherType ``kind`` and quoted up to ``end``; None where it is none."""
    found = None
    for _ in range(MAX_QUOTED):
        header = _ipv4(data, at, end) if kind == EtherType.IPV4 else _ipv6(data, at, end)
        if header is None:
            break
        found = Quote(header.src, header.dst, header.proto)
        if not header.readable:
            break
        at = header.at
        if header.proto in _PORTED and at + 4 <= end:
            seq = _u32(data, at + 4) if header.proto == Proto.TCP and at + 8 <= end else None
            found = found._replace(sport=_u16(data, at), dport=_u16(data, at + 2), seq=seq)
        kind, at = _inside(data, at, end, header.proto, vxlan_ports)
        if kind == _NOTHING:
            break
    return found


def _u16(data: memoryview, at: int) -> int:
    return data[at] << 8 | data[at + 1]


def _u32(data: memoryview, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _ipv4(data: memoryview, at: int, end: int) -> _Header | None:
    if at + 20 > end or data[at] >> 4 != 4:
        return None
    size = (data[at] & 0x0F) * 4
    if size < 20:
        return None
    first = _u16(data, at + 6) & 0x1FFF == 0
    src, dst = (V4_PREFIX + bytes(data[at + place : at + place + 4]) for place in (12, 16))
    return _followed(data, end, _Header(src, dst, data[at + 9], at + size, first), (int(Proto.AH),))


def _ipv6(data: memoryview, at: int, end: int) -> _Header | None:
    if at + 40 > end or data[at] >> 4 != 6:
        return None
    src, dst = (bytes(data[at + place : at + place + 16]) for place in (8, 24))
    return _followed(data, end, _Header(src, dst, data[at + 6], at + 40, True), _EXTENSIONS)


def _followed(data: memoryview, end: int, header: _Header, extensions: tuple[int, ...]) -> _Header:
    """Step over extension headers, as far as they are quoted."""
    for _ in range(MAX_EXTENSIONS):
        kind, at = header.proto, header.at
        if not header.readable or kind not in extensions:
            return header
        if at + 8 > end:
            break
        size = {_FRAGMENT: 8, int(Proto.AH): (data[at + 1] + 2) * 4}.get(kind, (data[at + 1] + 1) * 8)
        first = kind != _FRAGMENT or _u16(data, at + 2) & 0xFFF8 == 0
        header = header._replace(proto=data[at], at=at + size, readable=first)
    return header._replace(readable=False)


def _inside(data: memoryview, at: int, end: int, proto: int, vxlan_ports: Container[int]) -> tuple[int, int]:
    """Return EtherType and place of the packet that a quoted tunnel header carries; 0 where it carries none."""
    if proto == Proto.IPIP:
        return EtherType.IPV4, at
    if proto == Proto.IPV6:
        return EtherType.IPV6, at
    if proto == Proto.GRE and at + 4 <= end:
        word = _u16(data, at)
        size = 4 + sum(4 for bit in (0x8000, 0x2000, 0x1000) if word & bit)
        return _carried(data, at + size, end, _u16(data, at + 2)) if word & 7 == 0 else (_NOTHING, at)
    if proto == Proto.UDP and at + 16 <= end:
        dport, body = _u16(data, at + 2), at + 8
        if dport in vxlan_ports and dport != GPE_PORT and is_vxlan(data[body]):
            return _carried(data, body + VXLAN_HEADER, end, EtherType.TEB)
        if dport == GENEVE_PORT and dport not in vxlan_ports and data[body] >> 6 == 0:
            return _carried(data, body + 8 + (data[body] & 0x3F) * 4, end, _u16(data, body + 2))
    return _NOTHING, at


def _carried(data: memoryview, at: int, end: int, kind: int) -> tuple[int, int]:
    """Step over an inner Ethernet header and its tags."""
    if kind == EtherType.TEB:
        at += 14
        while at <= end:
            kind = _u16(data, at - 2)
            if kind not in VLAN_TAGS:
                break
            at += 4
    return (kind, at) if kind in (EtherType.IPV4, EtherType.IPV6) and at <= end else (_NOTHING, at)
