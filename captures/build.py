"""Packets by hand, packed with struct alone: what tests give to the readers, independent of all of them.

Each function returns the bytes of one header with what it carries behind it; checksums of IP and ICMP are right,
those of TCP and UDP are zero (no reader here judges them).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from ipaddress import ip_address

EN10MB, RAW, LINUX_SLL, LINUX_SLL2 = 1, 101, 113, 276


def checksum(data: bytes) -> int:
    """Return the Internet checksum of ``data`` (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac(text: str) -> bytes:
    """Return ``aa:bb:cc:dd:ee:ff`` as six bytes."""
    return bytes.fromhex(text.replace(":", ""))


def ethernet(
    inner: bytes,
    *,
    kind: int = 0x0800,
    src: str = "02:00:00:00:00:01",
    dst: str = "02:00:00:00:00:02",
    vlans: Iterable[int] = (),
    tag: int = 0x8100,
) -> bytes:
    """Ethernet II with any number of tags of EtherType ``tag`` (0x8100 802.1Q, 0x88A8 802.1ad, 0x9100 its forerunner)."""
    tags = b"".join(struct.pack("!HH", tag, vlan) for vlan in vlans)
    return mac(dst) + mac(src) + tags + struct.pack("!H", kind) + inner


def sll(inner: bytes, *, kind: int = 0x0800, packet_type: int = 0, src: str = "02:00:00:00:00:01") -> bytes:
    """Linux cooked capture, version 1."""
    return struct.pack("!HHH8sH", packet_type, 1, 6, mac(src), kind) + inner


def sll2(
    inner: bytes, *, kind: int = 0x0800, ifindex: int = 2, packet_type: int = 0, src: str = "02:00:00:00:00:01"
) -> bytes:
    """Linux cooked capture, version 2."""
    return struct.pack("!HHIHBB8s", kind, 0, ifindex, 1, packet_type, 6, mac(src)) + inner


def ipv4(
    inner: bytes,
    *,
    src: str,
    dst: str,
    proto: int,
    ttl: int = 64,
    ident: int = 1,
    flags: int = 2,
    fragment: int = 0,
    tos: int = 0,
    options: bytes = b"",
    total: int | None = None,
) -> bytes:
    """IPv4; ``total`` overrides the length field (0 as in super-frames). ``fragment`` counts 8-byte units."""
    options += b"\0" * (-len(options) % 4)
    words = 5 + len(options) // 4
    length = 20 + len(options) + len(inner) if total is None else total
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x40 | words, tos, length, ident, flags << 13 | fragment, ttl, proto, 0,
        ip_address(src).packed, ip_address(dst).packed,
    ) + options  # fmt: skip
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + inner


def ipv6(inner: bytes, *, src: str, dst: str, proto: int, hops: int = 64, payload: int | None = None) -> bytes:
    """IPv6 without extension headers (put those into ``inner``)."""
    length = len(inner) if payload is None else payload
    return (
        struct.pack("!IHBB", 0x6000_0000, length, proto, hops) + ip_address(src).packed + ip_address(dst).packed + inner
    )


def extension(inner: bytes, *, following: int, body: bytes = bytes(6)) -> bytes:
    """An IPv6 extension header of one or more times eight bytes; ``body`` is what follows its first two."""
    return bytes((following, (len(body) + 2) // 8 - 1)) + body + inner


def jumbo(inner: bytes, *, following: int) -> bytes:
    """The hop-by-hop header of a jumbogram (RFC 2675); its IPv6 header has payload length 0."""
    return extension(inner, following=following, body=struct.pack("!BBI", 0xC2, 4, 8 + len(inner)))


def authenticated(inner: bytes, *, following: int, spi: int, seq: int, icv: bytes = bytes(12)) -> bytes:
    """AH (RFC 4302) before what it protects."""
    return struct.pack("!BBHII", following, (len(icv) + 12) // 4 - 2, 0, spi, seq) + icv + inner


def esp(sealed: bytes, *, spi: int, seq: int) -> bytes:
    """ESP (RFC 4303)."""
    return struct.pack("!II", spi, seq) + sealed


def tcp(
    payload: bytes = b"",
    *,
    sport: int,
    dport: int,
    seq: int = 1,
    ack: int = 0,
    flags: int = 0x10,
    window: int = 64_240,
    options: bytes = b"",
) -> bytes:
    """TCP; options are padded with end-of-list bytes."""
    options += b"\0" * (-len(options) % 4)
    words = 5 + len(options) // 4
    return struct.pack("!HHIIHHHH", sport, dport, seq, ack, words << 12 | flags, window, 0, 0) + options + payload


def timestamps(tsval: int, tsecr: int) -> bytes:
    """The TCP timestamps option with the usual two NOPs before it (RFC 7323)."""
    return struct.pack("!BBBBII", 1, 1, 8, 10, tsval, tsecr)


def udp(payload: bytes = b"", *, sport: int, dport: int) -> bytes:
    """UDP with checksum 0, which is legal over IPv4 and what Linux sends for VXLAN."""
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def icmp_echo(payload: bytes = b"", *, ident: int, seq: int, reply: bool = False) -> bytes:
    """ICMP echo request or reply."""
    body = struct.pack("!BBHHH", 0 if reply else 8, 0, 0, ident, seq) + payload
    return body[:2] + struct.pack("!H", checksum(body)) + body[4:]


def sctp(chunks: bytes = b"", *, sport: int, dport: int, tag: int = 1) -> bytes:
    """SCTP's common header (RFC 9260, section 3.1), with checksum 0."""
    return struct.pack("!HHII", sport, dport, tag, 0) + chunks


def icmp_error(quoted: bytes, *, kind: int = 3, code: int = 4, mtu: int = 0, length: int = 0) -> bytes:
    """ICMP error that quotes the beginning of a packet; ``length`` is that of the quote in words (RFC 4884)."""
    body = struct.pack("!BBHBBH", kind, code, 0, 0, length, mtu) + quoted
    return body[:2] + struct.pack("!H", checksum(body)) + body[4:]


def icmpv6_error(quoted: bytes, *, kind: int = 2, code: int = 0, mtu: int = 0) -> bytes:
    """ICMPv6 error (RFC 4443), with checksum 0."""
    return struct.pack("!BBHI", kind, code, 0, mtu) + quoted


def neighbour(*, kind: int, target: str | None = None, options: bytes = b"", rest: int = 0) -> bytes:
    """A message of neighbour discovery (RFC 4861): ``rest`` zero bytes stand between target and options."""
    address = ip_address(target).packed if target else b""
    return struct.pack("!BBHI", kind, 0, 0, 0) + address + bytes(rest) + options


def link_option(kind: int, address: str) -> bytes:
    """A link-layer address option: ``kind`` 1 of the source, 2 of the target."""
    return bytes((kind, 1)) + mac(address)


def arp(
    *, op: int, sender: str, target: str, sender_mac: str = "02:00:00:00:00:01", target_mac: str = "00:00:00:00:00:00"
) -> bytes:
    """ARP for IPv4 over Ethernet."""
    return (
        struct.pack("!HHBBH", 1, 0x0800, 6, 4, op)
        + mac(sender_mac) + ip_address(sender).packed + mac(target_mac) + ip_address(target).packed
    )  # fmt: skip


def vxlan(inner: bytes, *, vni: int, flags: int = 0x08, group: int = 0) -> bytes:
    """VXLAN (RFC 7348); Cilium puts the sender's identity into ``vni``. A group policy id needs flag 0x80 too."""
    return struct.pack("!BBHI", flags, 0, group, vni << 8) + inner


def vxlan_gpe(inner: bytes, *, vni: int, following: int, flags: int = 0x0C) -> bytes:
    """VXLAN-GPE: ``following`` 1 is IPv4, 2 IPv6, 3 Ethernet, 4 NSH, 5 MPLS."""
    return struct.pack("!BBBBI", flags, 0, 0, following, vni << 8) + inner


def nsh(inner: bytes, *, following: int, context: bytes = b"") -> bytes:
    """NSH (RFC 8300) of metadata type 2; ``following`` as in VXLAN-GPE."""
    return struct.pack("!HBBI", 0x0FC0 | 2 + len(context) // 4, 2, following, 0x0000_01FF) + context + inner


def mpls(inner: bytes, *labels: int) -> bytes:
    """A stack of MPLS labels (RFC 3032), the first one outermost."""
    last = len(labels) - 1
    return b"".join(struct.pack("!I", label << 12 | (at == last) << 8 | 64) for at, label in enumerate(labels)) + inner


def geneve(inner: bytes, *, vni: int, kind: int = 0x6558, options: bytes = b"") -> bytes:
    """Geneve (RFC 8926); ``options`` is a multiple of four bytes."""
    return struct.pack("!BBHI", len(options) // 4, 0, kind, vni << 8) + options + inner


def gre(
    inner: bytes, *, kind: int = 0x0800, key: int | None = None, seq: int | None = None, summed: bool = False
) -> bytes:
    """GRE (RFC 2784), with key and sequence number (RFC 2890) if they are given, and a checksum of 0 if ``summed``."""
    flags = summed << 15 | (key is not None) << 13 | (seq is not None) << 12
    words = [0] * summed + [one for one in (key, seq) if one is not None]
    return struct.pack(f"!HH{len(words)}I", flags, kind, *words) + inner


def erspan(inner: bytes, *, version: int, optional: bool = False) -> bytes:
    """GRE with a mirrored frame in it: ERSPAN type I, II or III (``version`` 0, 1, 2); III may have 8 bytes more."""
    if version == 0:
        return gre(inner, kind=0x88BE)
    if version == 1:
        return gre(struct.pack("!HHI", 0x1005, 1, 0) + inner, kind=0x88BE, seq=1)
    head = struct.pack("!HHIHH", 0x2005, 1, 0, 0, optional) + bytes(8 if optional else 0)
    return gre(head + inner, kind=0x22EB, seq=1)


def wireguard_data(*, receiver: int, counter: int, sealed: int) -> bytes:
    """A WireGuard data message with ``sealed`` bytes of ciphertext and tag."""
    return struct.pack("<IIQ", 4, receiver, counter) + b"\xaa" * sealed


def wireguard_handshake(*, kind: int, first: int = 1, second: int = 2) -> bytes:
    """A WireGuard initiation (``kind`` 1), response (2) or cookie reply (3) with its index fields."""
    return struct.pack("<III", kind, first, second) + b"\xbb" * ({1: 148, 2: 92, 3: 64}[kind] - 12)


def pcap(
    frames: Iterable[tuple[int, bytes]],
    *,
    linktype: int = EN10MB,
    nanoseconds: bool = True,
    order: str = "<",
    snaplen: int = 262_144,
) -> bytes:
    """A pcap file of (time in ns, frame) pairs; frames are cut to ``snaplen``."""
    magic, tick = (0xA1B23C4D, 1) if nanoseconds else (0xA1B2C3D4, 1_000)
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, linktype)]
    for ts_ns, frame in frames:
        seconds, rest = divmod(ts_ns, 1_000_000_000)
        kept = frame[:snaplen]
        out += [struct.pack(order + "IIII", seconds, rest // tick, len(kept), len(frame)), kept]
    return b"".join(out)


def pcapng(
    frames: Iterable[tuple[int, int, bytes]],
    *,
    interfaces: Iterable[tuple[int, str]] = ((EN10MB, "eth0"),),
    order: str = "<",
) -> bytes:
    """A pcapng file of (interface, time in ns, frame); ``interfaces`` are (link type, name), all in nanoseconds."""

    def block(kind: int, body: bytes) -> bytes:
        body += b"\0" * (-len(body) % 4)
        length = len(body) + 12
        return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)

    def option(code: int, value: bytes) -> bytes:
        return struct.pack(order + "HH", code, len(value)) + value + b"\0" * (-len(value) % 4)

    out = [block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))]
    for linktype, name in interfaces:
        options = option(2, name.encode()) + option(9, b"\x09") + option(0, b"")
        out.append(block(1, struct.pack(order + "HHI", linktype, 0, 0) + options))
    for interface, ts_ns, frame in frames:
        head = struct.pack(order + "IIIII", interface, ts_ns >> 32, ts_ns & 0xFFFFFFFF, len(frame), len(frame))
        out.append(block(6, head + frame))
    return b"".join(out)
