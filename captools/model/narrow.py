"""The packet table, normalised: what is stored. The wide table (PACKETS) is a view over these.

``packets`` holds what differs from packet to packet; ``lanes`` one row per flow direction with what stays the same;
the side tables what few packets have. A ``row`` counts the packets of one source from 0, so ``frame`` is ``row + 1``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag

import pyarrow as pa

from captools.model.packets import PACKETS, WORD


class Present(IntFlag):
    """Which values of a row of ``packets`` are there, where its lane does not say so already."""

    IP_ID = 0x01
    OUTER_IP_ID = 0x02
    DONT_FRAGMENT = 0x04  # the flag itself
    TCP = 0x08  # seq, ack, tcp_flags, window
    TIMESTAMPS = 0x10  # tsval, tsecr
    PAYLOAD = 0x20  # payload_off, payload_len
    HASH = 0x40  # payload_hash
    HEAD = 0x80  # payload_head


# One row per packet in file order. Values that are not there are 0 and lack their bit in ``present``.
NARROW = pa.schema(
    [
        ("ts_ns", pa.int64()),
        ("offset", pa.int64()),  # first captured byte in the file (after decompression)
        ("payload_hash", pa.uint64()),
        ("payload_head", pa.uint64()),
        ("lane", pa.uint32()),  # row of ``lanes``
        ("cap_len", pa.uint32()),
        ("wire_len", pa.uint32()),
        ("ip_id", pa.uint32()),
        ("ip_len", pa.uint32()),
        ("seq", pa.uint32()),
        ("ack", pa.uint32()),
        ("tsval", pa.uint32()),
        ("tsecr", pa.uint32()),
        ("payload_off", pa.uint32()),
        ("payload_len", pa.uint32()),
        ("outer_ip_id", pa.uint32()),
        ("tcp_flags", pa.uint16()),
        ("window", pa.uint16()),
        ("ttl", pa.uint8()),
        ("outer_ttl", pa.uint8()),
        ("tos", pa.uint8()),  # dscp << 2 | ecn
        ("present", pa.uint8()),  # Present
    ]
)


def _like_packets(*names: str) -> list[pa.Field]:
    return [PACKETS.field(name) for name in names]


def _side(*names: str) -> pa.Schema:
    return pa.schema([pa.field("row", pa.int64()), *_like_packets(*names)])


# One row per flow direction, in order of first sight; ``interface`` indexes the capture file's interfaces.
LANES = pa.schema(
    [
        pa.field("interface", pa.uint32()),
        *_like_packets(
            "ifindex", "direction", "linktype", "vlan", "mpls_label", "eth_src", "eth_dst", "ethertype", "ip_version",
            "src", "dst", "proto", "sport", "dport", "tunnel", "vni", "vxlan_flags", "vxlan_gbp", "outer_src",
            "outer_dst", "outer_sport", "outer_dport", "outer_eth_src", "outer_eth_dst", "depth",
        ),
    ]
)  # fmt: skip

# One row per lane, in the order of ``lanes``: what its packets add up to. Segments are what takes sequence numbers: bytes,
# SYN and FIN. Behind ``opened`` stands the state of the scan for message heads at the end of the lane.
FLOWS = pa.schema(
    [
        ("packets", pa.int64()),
        ("wire_bytes", pa.int64()),
        ("payload_bytes", pa.int64()),  # by the headers, all packets, retransmitted ones too
        ("first_ns", pa.int64()),  # earliest and latest time
        ("last_ns", pa.int64()),
        ("tcp_flags", pa.uint16()),  # of all packets together
        ("syns", pa.uint32()),
        ("fins", pa.uint32()),
        ("rsts", pa.uint32()),
        ("first_seq", pa.uint32()),  # of the first segment
        ("next_seq", pa.uint32()),  # behind the last byte so far
        ("in_order", pa.uint32()),  # segments that began where the one before ended
        ("retransmitted", pa.uint32()),  # that began before: sent again, or overtaken
        ("gaps", pa.uint32()),  # that began behind it: bytes before them were lost, or come later
        ("duplicate_acks", pa.uint32()),  # bare acknowledgments of the same byte with the same window
        ("opened", pa.bool_()),  # its first segment is a SYN
        ("http", pa.bool_()),  # a segment may begin an HTTP head
        ("tls", pa.bool_()),  # a segment may begin a TLS hello
        ("odd", pa.bool_()),  # the rows of ``heads`` may not be all of its heads: only its stream tells
        ("odd_tls", pa.bool_()),  # the same for ``hellos``
        ("tls_open", pa.bool_()),  # the record of its last hello goes on in a further segment
        ("stage", pa.uint8()),  # captools.wire.kernels.records: what comes next
        ("left", pa.int64()),  # bytes of the body or chunk still to come
        ("skipped", pa.int64()),  # bytes before its first head
    ]
)

# Side tables: one row per packet that has any of the values, rows ascending.
OPTIONS = _side("mss", "wscale", "sack")
FRAGMENTS = _side("frag_offset", "more_fragments")
ICMP = _side("icmp_type", "icmp_code", "icmp_id", "icmp_seq", "icmp_mtu")
QUOTED = _side("quoted_src", "quoted_dst", "quoted_proto", "quoted_sport", "quoted_dport", "quoted_seq")
ARP = _side("arp_op", "arp_sender_ip", "arp_sender_mac", "arp_target_ip", "arp_target_mac")
WIREGUARD = _side("wg_type", "wg_sender", "wg_receiver", "wg_counter", "wg_messages")
DSR = _side("dsr_addr", "dsr_port")
DAMAGE = _side("decode_stop", "decode_stop_at")
IPSEC = _side("ipsec_proto", "ipsec_spi", "ipsec_seq")
ND = _side("nd_target", "nd_mac")

# What a scan of single segments saw of HTTP/1 and TLS, while it decoded. ``row`` is the segment, ``at`` the byte of its
# payload where the head begins (a hello begins its payload), ``offset`` that byte in the file. The HTTP and TLS tables
# are made from these (captools.wire.heads), except where the flow is ``odd``: then streams are put together.
HEADS = pa.schema(
    [
        ("row", pa.int64()),
        ("lane", pa.uint32()),
        ("at", pa.uint32()),
        ("offset", pa.int64()),
        ("length", pa.uint32()),  # of the head, up to its blank line
        ("behind", pa.uint32()),  # captured bytes of the segment behind the head
        ("kind", WORD),  # "request" or "response"
        ("status", pa.uint16()),
        ("method", pa.string()),
        ("path", pa.string()),
        ("host", pa.string()),
        ("xff", pa.string()),  # the first X-Forwarded-For, as it stands there
        ("request_id", pa.string()),
        ("content_length", pa.int64()),
        ("chunked", pa.bool_()),
        ("complete", pa.bool_()),  # the segment holds the whole head
    ]
)
HELLOS = pa.schema(
    [
        ("row", pa.int64()),
        ("lane", pa.uint32()),
        ("offset", pa.int64()),
        ("length", pa.uint32()),  # of the handshake message, without the five bytes of its record's header
        ("kind", WORD),  # "client_hello" or "server_hello"
        ("version", pa.uint16()),
        ("random", pa.binary(32)),
        ("session_id_len", pa.uint8()),
        ("cipher", pa.uint16()),
        ("sni", pa.string()),
        ("alpn", pa.list_(pa.string())),
        ("complete", pa.bool_()),
    ]
)

# Side tables with a row per message: a packet may have several, and they are no columns of the packet table.
MESSAGE_TABLES: dict[str, pa.Schema] = {"heads": HEADS, "hellos": HELLOS}
SIDE_TABLES: dict[str, pa.Schema] = {
    "options": OPTIONS, "fragments": FRAGMENTS, "icmp": ICMP, "quoted": QUOTED, "arp": ARP, "wireguard": WIREGUARD,
    "dsr": DSR, "damage": DAMAGE, "ipsec": IPSEC, "nd": ND, **MESSAGE_TABLES,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrow:
    """The normalised tables of one source. ``damage_note`` says where and how the file ends early, or nothing."""

    packets: pa.Table  # schema NARROW
    lanes: pa.Table  # schema LANES
    sides: dict[str, pa.Table]  # schemas SIDE_TABLES
    flows: pa.Table = field(default_factory=FLOWS.empty_table)  # schema FLOWS, one row per lane
    damage_note: str = ""

    def __len__(self) -> int:
        return len(self.packets)
