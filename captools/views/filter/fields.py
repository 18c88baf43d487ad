"""The fields that display filters and ``packets -e`` know, by Wireshark's names (www.wireshark.org/docs/dfref).

Everything here is answered from the packet table and the tables of payloads; all other fields of Wireshark need tshark
(``--deep``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pyarrow as pa

from captools.model.packets import ADDRESS, MAC, PACKETS, WORD, EtherType, Proto, TcpFlag
from captools.views.filter.kinds import Kind
from captools.views.filter.payload_fields import payload_fields
from captools.views.filter.registry import Field, Slot

OURS = "captools."
_INNERMOST = "(innermost only)"  # tshark knows these of the outer header too; our table does not
_PROTOCOLS = {
    "frame": "every packet", "eth": "Ethernet", "sll": "Linux cooked header (capture of any)", "vlan": "VLAN tag",
    "arp": "ARP", "ip": "IPv4", "ipv6": "IPv6", "tcp": "TCP", "udp": "UDP", "sctp": "SCTP", "icmp": "ICMP",
    "icmpv6": "ICMPv6", "esp": "IPsec ESP", "ah": "IPsec AH", "mpls": "MPLS labels", "gre": "GRE",
    "vxlan": "VXLAN (tcpdump: OTV)", "geneve": "Geneve", "wg": "WireGuard", "tls": "a TLS record begins in this packet",
}  # fmt: skip
_PROTO_WORDS = {"ICMP": Proto.ICMP, "IPIP": Proto.IPIP, "TCP": Proto.TCP, "UDP": Proto.UDP, "IPv6": Proto.IPV6,
                "GRE": Proto.GRE, "ESP": Proto.ESP, "AH": Proto.AH, "SCTP": Proto.SCTP}  # fmt: skip
_ETHER_WORDS = {"IPv4": EtherType.IPV4, "ARP": EtherType.ARP, "IPv6": EtherType.IPV6}
_TCP_FLAGS = {"fin": TcpFlag.FIN, "syn": TcpFlag.SYN, "reset": TcpFlag.RST, "push": TcpFlag.PSH, "ack": TcpFlag.ACK,
              "urg": TcpFlag.URG, "ece": TcpFlag.ECE, "cwr": TcpFlag.CWR, "ae": 0x100}  # fmt: skip
_LAST_WORD = re.compile(r"[\w.]*\Z")


def completions(text: str) -> list[Field]:
    """Return the fields whose names begin with the last word of ``text``, in order of name."""
    found = _LAST_WORD.search(text)
    prefix = found[0].lower() if found else ""
    return [field for name, field in sorted(FIELDS.items()) if name.startswith(prefix)]


def _frame() -> Iterator[Field]:
    def one(name: str, kind: Kind, column: str, description: str, most: int = 0) -> Field:
        places = {Slot.INNER: (column,)}
        return Field(name=name, kind=kind, description=description, protocol="frame", places=places, most=most)

    yield one("frame.number", Kind.NUMBER, "frame", "number of the record in its file, from 1", 2**32 - 1)
    yield one("frame.len", Kind.NUMBER, "wire_len", "bytes on the wire", 2**32 - 1)
    yield one("frame.cap_len", Kind.NUMBER, "cap_len", "bytes captured", 2**32 - 1)
    yield one("frame.time_epoch", Kind.EPOCH, "ts_ns", "seconds since 1970, down to nanoseconds")
    yield one("frame.time", Kind.TIME, "ts_ns", 'time of day, as "2026-11-20T10:15:00Z"')
    yield one("frame.time_delta", Kind.DURATION, "+delta", "seconds since the record before in the same file")
    yield one("frame.time_relative", Kind.DURATION, "+relative", "seconds since the first record of the file")


def _headers() -> Iterator[Field]:
    """Yield the fields of the link, network and transport headers."""
    mac, v4, v6 = Kind.MAC, Kind.IPV4, Kind.IPV6
    yield from _ends("eth", mac, "eth_src", "eth_dst", "Ethernet", outer=("outer_eth_src", "outer_eth_dst"))
    yield _number("eth.type", "+eth_type", 16, "EtherType", outer="+outer_eth_type", words=_ETHER_WORDS)
    yield _number("vlan.id", "vlan", 12, "VLAN id, of the first tag", partly=True)
    yield Field(name="sll.src.eth", kind=mac, description="source hardware address in a cooked header", protocol="sll",
                places={Slot.OUTER: ("outer_eth_src",), Slot.INNER: ("eth_src",)})  # fmt: skip
    yield _number("sll.pkttype", "+pkttype", 16, "packet type: 0 to us, 4 sent by us")
    yield _number("sll.ifindex", "ifindex", 32, "interface index (SLL2)")
    yield _number("arp.opcode", "arp_op", 16, "1 request, 2 reply", words={"request": 1, "reply": 2})
    for end, word in (("src", "sender"), ("dst", "target")):
        for name, column, kind in (("proto_ipv4", "ip", v4), ("hw_mac", "mac", mac)):
            yield Field(name=f"arp.{end}.{name}", kind=kind, description=f"{word}'s address", protocol="arp",
                        places={Slot.INNER: (f"arp_{word}_{column}",)})  # fmt: skip
    for name, kind in (("ip", v4), ("ipv6", v6)):
        yield from _ends(name, kind, "src", "dst", _PROTOCOLS[name], outer=("outer_src", "outer_dst"),
                         quoted=("quoted_src", "quoted_dst"))  # fmt: skip
        yield _number(f"{name}.version", "+version", 4, "IP version", outer="+outer_version", quoted="+quoted_version")
    yield _number("ip.ttl", "ttl", 8, "time to live", outer="outer_ttl")
    yield _number("ipv6.hlim", "ttl", 8, "hop limit", outer="outer_ttl")
    yield _number("ip.id", "ip_id", 16, "identification", outer="outer_ip_id")
    yield _number(
        "ip.proto", "+ip_proto", 8, "protocol", outer="+outer_proto", quoted="quoted_proto", words=_PROTO_WORDS
    )
    yield _number("ip.len", "ip_len", 32, "total length (of a super-frame: its real one)", partly=True)
    yield _number("ip.frag_offset", "frag_offset", 16, "fragment offset in bytes", partly=True)
    for name, column in (("ip.flags.df", "dont_fragment"), ("ip.flags.mf", "more_fragments")):
        yield Field(name=name, kind=Kind.FLAG, description=f"{column.replace('_', ' ')} {_INNERMOST}",
                    protocol="ip", places={Slot.INNER: (column,)})  # fmt: skip
    for name, prefix in (("ip", "ip.dsfield"), ("ipv6", "ipv6.tclass")):
        for end, bits in (("dscp", 6), ("ecn", 2)):
            yield _number(f"{prefix}.{end}", end, bits, f"{end.upper()} of {_PROTOCOLS[name]}", partly=True)
    yield from _ports("tcp")
    yield from _ports("udp", outer=("outer_sport", "outer_dport"))
    yield from _ports("sctp")
    yield _number("udp.length", "+udp_length", 32, "UDP header and payload", partly=True)
    yield _number("tcp.seq_raw", "seq", 32, "sequence number as sent")
    for name, column, bits, text in (
        ("ack_raw", "ack", 32, "acknowledgement number as sent"), ("flags", "tcp_flags", 16, "all flags"),
        ("window_size_value", "window", 16, "window, not scaled"), ("len", "payload_len", 32, "payload bytes"),
        ("options.mss_val", "mss", 16, "MSS option"), ("options.wscale.shift", "wscale", 8, "window scale option"),
        ("options.timestamp.tsval", "tsval", 32, "timestamp option: value"),
        ("options.timestamp.tsecr", "tsecr", 32, "timestamp option: echo"),
    ):  # fmt: skip
        yield _number(f"tcp.{name}", column, bits, text)
    for name, bit in _TCP_FLAGS.items():
        yield Field(name=f"tcp.flags.{name}", kind=Kind.FLAG, description=f"TCP flag {name.upper()}", protocol="tcp",
                    places={Slot.INNER: ("tcp_flags",)}, bit=int(bit))  # fmt: skip
    for name in ("icmp", "icmpv6"):
        v6_echo = {"ident": "echo.identifier", "seq": "echo.sequence_number"} if name == "icmpv6" else {}
        for end, column, bits in (("type", "icmp_type", 8), ("code", "icmp_code", 8), ("ident", "icmp_id", 16),
                                  ("seq", "icmp_seq", 16), ("mtu", "icmp_mtu", 32 if v6_echo else 16)):  # fmt: skip
            text = f"{_PROTOCOLS[name]} {column.removeprefix('icmp_')}"
            yield _number(f"{name}.{v6_echo.get(end, end)}", column, bits, text)


def _neighbours() -> Iterator[Field]:
    for name, kind, column, text in (
        ("nd.ns.target_address", Kind.IPV6, "+nd_solicited", "who is asked for"),
        ("nd.na.target_address", Kind.IPV6, "+nd_advertised", "who says where it is"),
        ("opt.linkaddr", Kind.MAC, "nd_mac", "the first link-layer address in neighbour discovery"),
    ):
        yield Field(
            name=f"icmpv6.{name}", kind=kind, description=text, protocol="icmpv6", places={Slot.INNER: (column,)}
        )


def _tunnels() -> Iterator[Field]:
    yield _number("vxlan.vni", "vni", 24, "VNI (tcpdump: instance): with Cilium, the sender's identity")
    yield _number("vxlan.flags", "vxlan_flags", 16, "flags: 0x0800 with Cilium; one byte on the port of VXLAN-GPE")
    yield _number("vxlan.gbp", "+vxlan_gbp", 16, "group policy id")
    yield _number("mpls.label", "mpls_label", 20, "MPLS label, the first one of the frame")
    for name in ("esp", "ah"):
        yield _number(f"{name}.spi", "ipsec_spi", 32, "security parameters index of the last IPsec header")
        yield _number(f"{name}.sequence", "ipsec_seq", 32, "sequence number of the last IPsec header")
    yield _number("geneve.vni", "vni", 24, "VNI: with Cilium, the sender's identity")
    yield _number("gre.key", "vni", 32, "GRE key")
    yield _number("wg.type", "wg_type", 8, "1 initiation, 2 response, 3 cookie, 4 data")
    yield _number("wg.sender", "wg_sender", 32, "sender index")
    yield _number("wg.receiver", "wg_receiver", 32, "receiver index")
    yield _number("wg.counter", "wg_counter", 64, "counter of a data message")


def _own() -> Iterator[Field]:
    """Yield ``captools.COLUMN`` for every column of the packet table: innermost headers by one name, v4 and v6."""
    kinds = {ADDRESS: Kind.ADDRESS, MAC: Kind.MAC, WORD: Kind.TEXT, pa.bool_(): Kind.FLAG}
    for column in PACKETS:
        if isinstance(column.type, pa.ListType):
            continue
        kind = Kind.EPOCH if column.name == "ts_ns" else kinds.get(column.type, Kind.NUMBER)
        most = 2**column.type.bit_width - 1 if kind is Kind.NUMBER else 0
        yield _of_ours(column.name, kind, f"column {column.name} of the packet table", column.name, most)
    yield _of_ours("sack", Kind.TEXT, "edges of the SACK option, with spaces between", "+sack")
    yield _of_ours("time", Kind.TIME, 'time of day, as "2026-11-20T10:15:00Z"', "ts_ns")
    yield _of_ours("node", Kind.TEXT, "node of the observation point", "+node")
    text = "identity that a VXLAN or Geneve header carries: with Cilium, the sender's"
    yield _of_ours("identity", Kind.NUMBER, text, "+identity", 2**24 - 1)


def _of_ours(name: str, kind: Kind, description: str, column: str, most: int = 0) -> Field:
    return Field(name=f"{OURS}{name}", kind=kind, description=description, protocol="frame",
                 places={Slot.INNER: (column,)}, most=most)  # fmt: skip


def _number(
    name: str, inner: str, bits: int, description: str, *, outer: str = "", quoted: str = "", partly: bool = False,
    words: Mapping[str, int] | None = None,
) -> Field:  # fmt: skip
    places = {slot: (column,) for slot, column in zip(Slot, (outer, inner, quoted), strict=True) if column}
    if partly:
        description += f" {_INNERMOST}"
    return Field(name=name, kind=Kind.NUMBER, description=description, protocol=name.partition(".")[0], places=places,
                 most=2**bits - 1, words=words or {})  # fmt: skip


def _ends(
    protocol: str, kind: Kind, src: str, dst: str, what: str, *, outer: tuple[str, str], quoted: tuple[str, str] | None = None
) -> Iterator[Field]:  # fmt: skip
    """Yield source, destination, and the field that covers both."""
    columns: list[tuple[Slot, tuple[str, ...]]] = [(Slot.OUTER, outer), (Slot.INNER, (src, dst))]
    if quoted:
        columns.append((Slot.QUOTED, quoted))
    ends = (("src", slice(0, 1), "source"), ("dst", slice(1, 2), "destination"), ("addr", slice(0, 2), "either"))
    for end, part, word in ends:
        yield Field(name=f"{protocol}.{end}", kind=kind, description=f"{what}: {word} address", protocol=protocol,
                    places={slot: names[part] for slot, names in columns})  # fmt: skip


def _ports(protocol: str, outer: tuple[str, ...] = ()) -> Iterator[Field]:
    columns: dict[Slot, tuple[str, ...]] = {
        Slot.OUTER: outer,
        Slot.INNER: ("sport", "dport"),
        Slot.QUOTED: ("quoted_sport", "quoted_dport"),
    }
    for end, part, word in (("srcport", slice(0, 1), "source"), ("dstport", slice(1, 2), "destination"),
                            ("port", slice(0, 2), "either")):  # fmt: skip
        places = {slot: names[part] for slot, names in columns.items() if names}
        yield Field(name=f"{protocol}.{end}", kind=Kind.NUMBER, description=f"{protocol.upper()}: {word} port",
                    protocol=protocol, places=places, most=2**16 - 1)  # fmt: skip


def _layers() -> Iterator[Field]:
    for name, text in _PROTOCOLS.items():
        table = name if name == "tls" else ""  # records are seen in the packet table, hellos in their own
        yield Field(name=name, kind=Kind.LAYER, description=text, protocol=name, table=table)


def _all() -> dict[str, Field]:
    found = (*_layers(), *_frame(), *_headers(), *_neighbours(), *_tunnels(), *payload_fields(), *_own())
    return {field.name: field for field in found}


FIELDS: Mapping[str, Field] = _all()
