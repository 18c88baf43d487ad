"""The fields both opinions are compared in: Wireshark's names, and what kind of value each holds."""

from __future__ import annotations

from enum import StrEnum

from captools.deep.tree import Value


class As(StrEnum):
    """How a value is written in the tree."""

    NUMBER = "number"
    TEXT = "text"  # addresses, bytes as hex: compared in lower case


_NUMBERS = """
eth.type eth.len vlan.priority vlan.dei vlan.id vlan.etype vlan.len
sll.pkttype sll.hatype sll.halen sll.etype sll.ifindex
arp.hw.type arp.proto.type arp.hw.size arp.proto.size arp.opcode
ip.version ip.hdr_len ip.dsfield ip.dsfield.dscp ip.dsfield.ecn ip.len ip.id ip.flags ip.flags.df ip.flags.mf
ip.frag_offset ip.ttl ip.proto ip.checksum
ipv6.version ipv6.tclass ipv6.tclass.dscp ipv6.tclass.ecn ipv6.flow ipv6.plen ipv6.nxt ipv6.hlim
udp.srcport udp.dstport udp.length udp.checksum
tcp.srcport tcp.dstport tcp.seq_raw tcp.ack_raw tcp.hdr_len tcp.flags tcp.flags.cwr tcp.flags.ece tcp.flags.urg
tcp.flags.ack tcp.flags.push tcp.flags.reset tcp.flags.syn tcp.flags.fin tcp.window_size_value tcp.checksum
tcp.urgent_pointer tcp.options.mss_val tcp.options.wscale.shift tcp.options.timestamp.tsval
tcp.options.timestamp.tsecr tcp.options.sack_le tcp.options.sack_re
icmp.type icmp.code icmp.checksum icmp.ident icmp.seq icmp.mtu
icmpv6.type icmpv6.code icmpv6.checksum icmpv6.echo.identifier icmpv6.echo.sequence_number icmpv6.mtu
vxlan.flags vxlan.flag_g vxlan.flag_i vxlan.flag_d vxlan.flag_a vxlan.gbp vxlan.vni vxlan.reserved8
wg.type wg.sender wg.receiver wg.counter
"""
_TEXTS = """
eth.dst eth.src sll.src.eth arp.src.hw_mac arp.src.proto_ipv4 arp.dst.hw_mac arp.dst.proto_ipv4
ip.src ip.dst ipv6.src ipv6.dst wg.mac1 wg.mac2
"""

KINDS: dict[str, As] = {
    **dict.fromkeys(_NUMBERS.split(), As.NUMBER),
    **dict.fromkeys(_TEXTS.split(), As.TEXT),
}
LAYERS = frozenset(name.partition(".")[0] for name in KINDS)
# Words that newer Wiresharks print for a boolean field instead of 1 and 0.
_BOOLEANS = {"true": 1, "false": 0}


def value_of(name: str, shown: str) -> Value:
    """Return the value of a field from its printed form; unchanged text for fields that are not compared."""
    kind = KINDS.get(name)
    if kind is As.NUMBER:
        word = shown.strip().lower()
        try:
            return _BOOLEANS[word] if word in _BOOLEANS else int(word, 0)
        except ValueError:
            return shown
    return shown.lower() if kind is As.TEXT else shown
