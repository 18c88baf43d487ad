"""Where Wireshark's fields lie in the headers that scapy parsed: values are scapy's, positions are the protocols'.

One function per protocol: from a scapy layer to its fields, offsets counted from the start of that header.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from captools.deep.tree import Value


class Part(NamedTuple):
    """One field of a header: Wireshark's name, first byte, size in bytes, value."""

    name: str
    at: int
    size: int
    value: Value


Parts = Iterator[Part]


def ethernet(layer: Any) -> Parts:
    """Ethernet II and IEEE 802.3 (there the last word is a length)."""
    yield Part("eth.dst", 0, 6, layer.dst.lower())
    yield Part("eth.src", 6, 6, layer.src.lower())
    kind = layer.fields.get("type")
    yield Part("eth.len", 12, 2, layer.len) if kind is None else Part("eth.type", 12, 2, kind)


def vlan(layer: Any) -> Parts:
    """IEEE 802.1Q."""
    yield Part("vlan.priority", 0, 2, layer.prio)
    yield Part("vlan.dei", 0, 2, layer.dei)
    yield Part("vlan.id", 0, 2, layer.vlan)
    # Values up to 1500 are a length (IEEE 802.3), from 1536 on a type.
    yield Part("vlan.etype" if layer.type >= 1536 else "vlan.len", 2, 2, layer.type)


def _mac(data: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in data)


def sll(layer: Any) -> Parts:
    """LINKTYPE_LINUX_SLL."""
    yield Part("sll.pkttype", 0, 2, layer.pkttype)
    yield Part("sll.hatype", 2, 2, layer.lladdrtype)
    yield Part("sll.halen", 4, 2, layer.lladdrlen)
    if layer.lladdrlen == 6:
        yield Part("sll.src.eth", 6, 6, _mac(layer.src[:6].ljust(6, b"\0")))
    yield Part("sll.etype", 14, 2, layer.proto)


def sll2(layer: Any) -> Parts:
    """LINKTYPE_LINUX_SLL2."""
    yield Part("sll.etype", 0, 2, layer.proto)
    yield Part("sll.ifindex", 4, 4, layer.ifindex)
    yield Part("sll.hatype", 8, 2, layer.lladdrtype)
    yield Part("sll.pkttype", 10, 1, layer.pkttype)
    yield Part("sll.halen", 11, 1, layer.lladdrlen)
    if layer.lladdrlen == 6:
        yield Part("sll.src.eth", 12, 6, _mac(layer.src[:6].ljust(6, b"\0")))


def arp(layer: Any) -> Parts:
    """RFC 826."""
    yield Part("arp.hw.type", 0, 2, layer.hwtype)
    yield Part("arp.proto.type", 2, 2, layer.ptype)
    yield Part("arp.hw.size", 4, 1, layer.hwlen)
    yield Part("arp.proto.size", 5, 1, layer.plen)
    yield Part("arp.opcode", 6, 2, layer.op)
    if (layer.hwtype, layer.hwlen, layer.ptype, layer.plen) == (1, 6, 0x0800, 4):
        yield Part("arp.src.hw_mac", 8, 6, layer.hwsrc.lower())
        yield Part("arp.src.proto_ipv4", 14, 4, layer.psrc)
        yield Part("arp.dst.hw_mac", 18, 6, layer.hwdst.lower())
        yield Part("arp.dst.proto_ipv4", 24, 4, layer.pdst)


def ipv4(layer: Any) -> Parts:
    """RFC 791; the fragment offset in units of eight bytes, as it stands in the header."""
    yield Part("ip.version", 0, 1, layer.version)
    yield Part("ip.hdr_len", 0, 1, layer.ihl * 4)
    yield Part("ip.dsfield", 1, 1, layer.tos)
    yield Part("ip.dsfield.dscp", 1, 1, layer.tos >> 2)
    yield Part("ip.dsfield.ecn", 1, 1, layer.tos & 3)
    yield Part("ip.len", 2, 2, layer.len)
    yield Part("ip.id", 4, 2, layer.id)
    yield Part("ip.flags", 6, 1, int(layer.flags))
    yield Part("ip.flags.df", 6, 1, int(bool(layer.flags.DF)))
    yield Part("ip.flags.mf", 6, 1, int(bool(layer.flags.MF)))
    yield Part("ip.frag_offset", 6, 2, layer.frag)
    yield Part("ip.ttl", 8, 1, layer.ttl)
    yield Part("ip.proto", 9, 1, layer.proto)
    yield Part("ip.checksum", 10, 2, layer.chksum)
    yield Part("ip.src", 12, 4, layer.src)
    yield Part("ip.dst", 16, 4, layer.dst)


def ipv6(layer: Any) -> Parts:
    """RFC 8200."""
    yield Part("ipv6.version", 0, 1, layer.version)
    yield Part("ipv6.tclass", 0, 4, layer.tc)
    yield Part("ipv6.tclass.dscp", 0, 4, layer.tc >> 2)
    yield Part("ipv6.tclass.ecn", 0, 4, layer.tc & 3)
    yield Part("ipv6.flow", 1, 3, layer.fl)
    yield Part("ipv6.plen", 4, 2, layer.plen)
    yield Part("ipv6.nxt", 6, 1, layer.nh)
    yield Part("ipv6.hlim", 7, 1, layer.hlim)
    yield Part("ipv6.src", 8, 16, layer.src)
    yield Part("ipv6.dst", 24, 16, layer.dst)


def udp(layer: Any) -> Parts:
    """RFC 768."""
    yield Part("udp.srcport", 0, 2, layer.sport)
    yield Part("udp.dstport", 2, 2, layer.dport)
    yield Part("udp.length", 4, 2, layer.len)
    yield Part("udp.checksum", 6, 2, layer.chksum)


_TCP_FLAGS = (
    ("cwr", "C"), ("ece", "E"), ("urg", "U"), ("ack", "A"), ("push", "P"), ("reset", "R"), ("syn", "S"), ("fin", "F"),
)  # fmt: skip


def tcp(layer: Any) -> Parts:
    """RFC 9293; of a segment quoted in an ICMP error possibly only the first eight bytes."""
    yield Part("tcp.srcport", 0, 2, layer.sport)
    yield Part("tcp.dstport", 2, 2, layer.dport)
    yield Part("tcp.seq_raw", 4, 4, layer.seq)
    if len(layer.raw_packet_cache) < 20:
        return
    yield Part("tcp.ack_raw", 8, 4, layer.ack)
    yield Part("tcp.hdr_len", 12, 1, layer.dataofs * 4)
    # Wireshark's twelve bits: the reserved ones stand above CWR.
    yield Part("tcp.flags", 12, 2, int(layer.flags) | layer.reserved << 9)
    for name, letter in _TCP_FLAGS:
        yield Part(f"tcp.flags.{name}", 13, 1, int(letter in str(layer.flags)))
    yield Part("tcp.window_size_value", 14, 2, layer.window)
    yield Part("tcp.checksum", 16, 2, layer.chksum)
    yield Part("tcp.urgent_pointer", 18, 2, layer.urgptr)
    yield from _tcp_options(layer.raw_packet_cache)


_SINGLE_BYTE_OPTIONS = (0, 1)  # end of list, no operation


def _tcp_options(header: bytes) -> Parts:
    """Give the options captools uses; scapy parses them but forgets where they were, so lengths are walked here."""
    at = 20
    while at + 1 < len(header) and header[at] != 0:
        if header[at] in _SINGLE_BYTE_OPTIONS:
            at += 1
            continue
        kind, size = header[at], header[at + 1]
        body = header[at + 2 : at + size]
        if size < 2 or at + size > len(header):
            return
        if (kind, size) == (2, 4):
            yield Part("tcp.options.mss_val", at + 2, 2, int.from_bytes(body, "big"))
        elif (kind, size) == (3, 3):
            yield Part("tcp.options.wscale.shift", at + 2, 1, body[0])
        elif (kind, size) == (8, 10):
            yield Part("tcp.options.timestamp.tsval", at + 2, 4, int.from_bytes(body[:4], "big"))
            yield Part("tcp.options.timestamp.tsecr", at + 6, 4, int.from_bytes(body[4:], "big"))
        elif kind == 5:
            for start in range(0, len(body) - 7, 8):
                left, right = (int.from_bytes(body[n : n + 4], "big") for n in (start, start + 4))
                yield Part("tcp.options.sack_le", at + 2 + start, 4, left)
                yield Part("tcp.options.sack_re", at + 6 + start, 4, right)
        at += size


def icmp(layer: Any) -> Parts:
    """RFC 792; the MTU of "fragmentation needed" is RFC 1191's."""
    yield Part("icmp.type", 0, 1, layer.type)
    yield Part("icmp.code", 1, 1, layer.code)
    yield Part("icmp.checksum", 2, 2, layer.chksum)
    if "id" in layer.fields:
        yield Part("icmp.ident", 4, 2, layer.id)
        yield Part("icmp.seq", 6, 2, layer.seq)
    if (layer.type, layer.code) == (3, 4):
        yield Part("icmp.mtu", 6, 2, layer.nexthopmtu)


def icmpv6(layer: Any) -> Parts:
    """RFC 4443."""
    yield Part("icmpv6.type", 0, 1, layer.type)
    # scapy's MLDv2 reports call it reserved, as RFC 3810 does.
    yield Part("icmpv6.code", 1, 1, layer.fields.get("code", layer.fields.get("res", 0)))
    yield Part("icmpv6.checksum", 2, 2, layer.cksum)
    if layer.type in (128, 129):
        yield Part("icmpv6.echo.identifier", 4, 2, layer.id)
        yield Part("icmpv6.echo.sequence_number", 6, 2, layer.seq)
    if layer.type == 2:
        yield Part("icmpv6.mtu", 4, 4, layer.mtu)


def vxlan(layer: Any) -> Parts:
    """RFC 7348, section 5, with the group policy bits."""
    flags = int(layer.flags)
    yield Part("vxlan.flags", 0, 2, flags)
    for name, bit in (("g", 15), ("i", 11), ("d", 6), ("a", 3)):
        yield Part(f"vxlan.flag_{name}", 0, 2, flags >> bit & 1)
    yield Part("vxlan.gbp", 2, 2, layer.gbp)
    yield Part("vxlan.vni", 4, 3, layer.vni)
    yield Part("vxlan.reserved8", 7, 1, layer.reserved)


def wireguard(layer: Any) -> Parts:
    """Linux drivers/net/wireguard/messages.h. scapy splits a message in two layers; Wireshark has one."""
    body = layer.payload
    yield Part("wg.type", 0, 1, layer.message_type)
    at = 4
    for name, field in (("wg.sender", "sender_index"), ("wg.receiver", "receiver_index")):
        if field in body.fields:
            yield Part(name, at, 4, body.fields[field])
            at += 4
    if "counter" in body.fields:
        yield Part("wg.counter", 8, 8, body.counter)
    for field, back in (("mac1", 32), ("mac2", 16)):
        if field in body.fields:
            size = 4 + len(body.raw_packet_cache)
            yield Part(f"wg.{field}", size - back, 16, _mac(body.fields[field]))


# scapy's class name -> Wireshark's protocol, and its fields. "IPerror" and its like are quoted in ICMP errors.
PROTOCOLS: dict[str, tuple[str, Callable[[Any], Parts]]] = {
    "Ether": ("eth", ethernet), "Dot3": ("eth", ethernet), "Dot1Q": ("vlan", vlan),
    "CookedLinux": ("sll", sll), "CookedLinuxV2": ("sll", sll2), "ARP": ("arp", arp),
    "IP": ("ip", ipv4), "IPerror": ("ip", ipv4), "IPv6": ("ipv6", ipv6), "IPerror6": ("ipv6", ipv6),
    "UDP": ("udp", udp), "UDPerror": ("udp", udp), "TCP": ("tcp", tcp), "TCPerror": ("tcp", tcp),
    "ICMP": ("icmp", icmp), "ICMPerror": ("icmp", icmp),
    "CiliumVXLAN": ("vxlan", vxlan), "Wireguard": ("wg", wireguard),
}  # fmt: skip
