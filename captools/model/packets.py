"""The packet table: one row per sighting (DESIGN, section 5). Damage is data: every record keeps its row."""

from __future__ import annotations

from enum import IntEnum, IntFlag, StrEnum

import pyarrow as pa

ADDRESS = pa.binary(16)  # IPv4 is mapped into ::ffff:0:0/96; text only at the edges
MAC = pa.binary(6)
WORD = pa.dictionary(pa.int32(), pa.string())


class TcpFlag(IntFlag):
    """TCP flags (RFC 9293, section 3.1)."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10
    URG = 0x20
    ECE = 0x40
    CWR = 0x80


class Proto(IntEnum):
    """IP protocol numbers that verdicts speak of (IANA)."""

    ICMP = 1
    IPIP = 4
    TCP = 6
    UDP = 17
    IPV6 = 41
    GRE = 47
    ESP = 50
    AH = 51
    ICMPV6 = 58
    SCTP = 132
    UDPLITE = 136


class EtherType(IntEnum):
    """EtherTypes the decoder follows (IEEE 802)."""

    IPV4 = 0x0800
    ARP = 0x0806
    TEB = 0x6558  # transparent Ethernet bridging, inside GRE and Geneve
    VLAN = 0x8100
    IPV6 = 0x86DD
    MPLS = 0x8847
    MPLS_UPSTREAM = 0x8848  # upstream-assigned labels (RFC 5332)
    QINQ = 0x88A8
    ERSPAN = 0x88BE  # types I and II, inside GRE
    NSH = 0x894F  # RFC 8300
    ERSPAN_3 = 0x22EB


class Tunnel(StrEnum):
    """The first outer encapsulation of a packet."""

    NONE = "none"
    VXLAN = "vxlan"
    GENEVE = "geneve"
    IPIP = "ipip"
    GRE = "gre"


class Direction(StrEnum):
    """Direction at the interface, as the link type tells it (SLL packet types)."""

    IN = "in"
    OUT = "out"
    BROADCAST = "broadcast"
    MULTICAST = "multicast"
    OTHER = "other"


class DecodeStop(StrEnum):
    """Why decoding stopped before the innermost transport header; null where it did not."""

    TRUNCATED = "truncated"  # the header needs bytes the capture does not hold
    MALFORMED = "malformed"  # the bytes contradict the protocol
    UNKNOWN_LINKTYPE = "unknown-linktype"
    UNKNOWN_ETHERTYPE = "unknown-ethertype"
    FRAGMENT = "later-fragment"  # no transport header in a later fragment
    TOO_DEEP = "too-deep"
    UNREAD = "unread-text"  # a line of a text log that is not understood


# What is not said by a column's name: ``vlan`` is the id of the outermost tag of the innermost Ethernet header (802.1Q,
# 802.1ad or 0x9100), ``mpls_label`` the first label of the frame. ``ipsec_*`` are of the last AH or ESP header of the frame
# (``ipsec_proto`` 51 or 50). ``nd_target`` and ``nd_mac`` are neighbour discovery's target and link-layer address.
# ``quoted_*`` name the innermost packet that an ICMP error quotes. ``vni``, ``vxlan_flags`` (one byte on port 4790, two on
# others, as in Wireshark) and ``vxlan_gbp`` (null without its flag) are of the first tunnel. ``wg_messages`` counts the data
# messages in one datagram, ``wg_counter`` is the first one's.
_COLUMNS: tuple[tuple[str, pa.DataType], ...] = (
    ("source", WORD), ("point", WORD), ("ifindex", pa.uint32()), ("frame", pa.int64()), ("ts_ns", pa.int64()),
    ("cap_len", pa.uint32()), ("wire_len", pa.uint32()), ("direction", WORD), ("linktype", pa.uint16()),
    ("vlan", pa.uint16()), ("mpls_label", pa.uint32()), ("eth_src", MAC), ("eth_dst", MAC),
    ("ethertype", pa.uint16()), ("ip_version", pa.uint8()),
    ("src", ADDRESS), ("dst", ADDRESS), ("proto", pa.uint8()), ("ttl", pa.uint8()), ("ip_id", pa.uint32()),
    ("ip_len", pa.uint32()), ("frag_offset", pa.uint16()), ("more_fragments", pa.bool_()),
    ("dont_fragment", pa.bool_()), ("dscp", pa.uint8()), ("ecn", pa.uint8()), ("sport", pa.uint16()),
    ("dport", pa.uint16()), ("seq", pa.uint32()), ("ack", pa.uint32()), ("tcp_flags", pa.uint16()),
    ("window", pa.uint16()), ("wscale", pa.uint8()), ("tsval", pa.uint32()), ("tsecr", pa.uint32()),
    ("mss", pa.uint16()), ("sack", pa.list_(pa.uint32())), ("icmp_type", pa.uint8()), ("icmp_code", pa.uint8()),
    ("icmp_id", pa.uint16()), ("icmp_seq", pa.uint16()), ("icmp_mtu", pa.uint32()), ("nd_target", ADDRESS),
    ("nd_mac", MAC), ("quoted_src", ADDRESS),
    ("quoted_dst", ADDRESS), ("quoted_proto", pa.uint8()), ("quoted_sport", pa.uint16()),
    ("quoted_dport", pa.uint16()), ("quoted_seq", pa.uint32()), ("arp_op", pa.uint16()), ("arp_sender_ip", ADDRESS),
    ("arp_sender_mac", MAC), ("arp_target_ip", ADDRESS), ("arp_target_mac", MAC), ("tunnel", WORD),
    ("vni", pa.uint32()), ("vxlan_flags", pa.uint16()), ("vxlan_gbp", pa.uint16()), ("outer_src", ADDRESS),
    ("outer_dst", ADDRESS), ("outer_sport", pa.uint16()),
    ("outer_dport", pa.uint16()), ("outer_ttl", pa.uint8()), ("outer_ip_id", pa.uint32()), ("outer_eth_src", MAC),
    ("outer_eth_dst", MAC), ("dsr_addr", ADDRESS), ("dsr_port", pa.uint16()), ("depth", pa.uint8()),
    ("wg_type", pa.uint8()), ("wg_sender", pa.uint32()), ("wg_receiver", pa.uint32()), ("wg_counter", pa.uint64()),
    ("wg_messages", pa.uint16()), ("ipsec_proto", pa.uint8()), ("ipsec_spi", pa.uint32()), ("ipsec_seq", pa.uint32()),
    ("payload_off", pa.uint32()), ("payload_len", pa.uint32()), ("payload_hash", pa.uint64()),
    ("payload_head", pa.uint64()), ("decode_stop", WORD), ("decode_stop_at", pa.uint32()),
)  # fmt: skip

PACKETS = pa.schema([pa.field(name, kind) for name, kind in _COLUMNS])

# One row per HTTP head (request or response) of a point; frame and row are the segment in which the head begins.
HTTP = pa.schema(
    [
        pa.field("source", WORD),
        pa.field("point", WORD),
        pa.field("frame", pa.int64()),
        pa.field("row", pa.int64()),  # row of the packet table
        pa.field("kind", WORD),  # "request" or "response"
        pa.field("method", pa.string()),
        pa.field("path", pa.string()),
        pa.field("host", pa.string()),
        pa.field("version", pa.string()),
        pa.field("status", pa.uint16()),
        pa.field("xff", pa.list_(pa.string())),
        pa.field("request_id", pa.string()),
        pa.field("content_length", pa.int64()),
        pa.field("body_hash", pa.uint64()),  # of the whole body (1 MiB at most); null where a byte of it is missing
        pa.field("order", pa.int64()),  # 0 for the first head of its segment, 1 for one pipelined behind it
        pa.field("headers", pa.map_(pa.string(), pa.string())),
        pa.field("complete", pa.bool_()),  # the whole head was captured, in one segment or several
        pa.field("stream", pa.uint32()),  # HTTP/2 stream; null for HTTP/1
        pa.field("at", pa.uint32()),  # byte of the segment's payload at which the head (HTTP/2: its frame) begins
    ]
)

# One row per TLS hello of a point; frame and row are the segment in which its record begins.
TLS = pa.schema(
    [
        pa.field("source", WORD),
        pa.field("point", WORD),
        pa.field("frame", pa.int64()),
        pa.field("row", pa.int64()),  # row of the packet table
        pa.field("kind", WORD),  # "client_hello" or "server_hello" (a HelloRetryRequest is one, RFC 8446, 4.1.4)
        pa.field("sni", pa.string()),
        pa.field("alpn", pa.list_(pa.string())),  # offered by a client, the one chosen by a server
        pa.field("random", pa.binary(32)),
        pa.field("version", pa.uint16()),  # the highest one offered, or the chosen one: 0x0303 is 1.2, 0x0304 is 1.3
        pa.field("cipher", pa.uint16()),  # chosen by a server; null for a client
        pa.field("session_id_len", pa.uint8()),
        pa.field("complete", pa.bool_()),  # the whole hello was captured
    ]
)

# One row per DNS message: UDP on ports 53 and 5353, TCP on port 53.
DNS = pa.schema(
    [
        pa.field("source", WORD),
        pa.field("point", WORD),
        pa.field("frame", pa.int64()),
        pa.field("row", pa.int64()),  # row of the packet table
        pa.field("id", pa.uint16()),
        pa.field("response", pa.bool_()),
        pa.field("opcode", pa.uint8()),
        pa.field("rcode", pa.uint8()),
        pa.field("qname", pa.string()),  # of the first question, as in a zone file (RFC 1035, 5.1), without last dot
        pa.field("qtype", pa.uint16()),
        pa.field("answers", pa.list_(pa.string())),  # addresses and alias targets of the answer section, in order
        pa.field("complete", pa.bool_()),  # every announced record was there and read
    ]
)
