"""The packet table, normalised: what is stored. The wide table (PACKETS) is a view over these.

``packets`` holds what differs from packet to packet; ``lanes`` one row per flow direction with what stays the same;
the side tables what few packets have. A ``row`` counts the packets of one source from 0, so ``frame`` is ``row + 1``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import pyarrow as pa

from captools.model.packets import PACKETS


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
            "ifindex", "direction", "linktype", "vlan", "eth_src", "eth_dst", "ethertype", "ip_version", "src", "dst",
            "proto", "sport", "dport", "tunnel", "vni", "outer_src", "outer_dst", "outer_sport", "outer_dport",
            "outer_eth_src", "outer_eth_dst", "depth",
        ),
    ]
)  # fmt: skip

# Side tables: one row per packet that has any of the values, rows ascending.
OPTIONS = _side("mss", "wscale", "sack")
FRAGMENTS = _side("frag_offset", "more_fragments")
ICMP = _side("icmp_type", "icmp_code", "icmp_id", "icmp_seq", "icmp_mtu")
QUOTED = _side("quoted_src", "quoted_dst", "quoted_proto", "quoted_sport", "quoted_dport", "quoted_seq")
ARP = _side("arp_op", "arp_sender_ip", "arp_sender_mac", "arp_target_ip", "arp_target_mac")
WIREGUARD = _side("wg_type", "wg_sender", "wg_receiver", "wg_counter")
DSR = _side("dsr_addr", "dsr_port")
DAMAGE = _side("decode_stop", "decode_stop_at")

SIDE_TABLES: dict[str, pa.Schema] = {
    "options": OPTIONS, "fragments": FRAGMENTS, "icmp": ICMP, "quoted": QUOTED, "arp": ARP, "wireguard": WIREGUARD,
    "dsr": DSR, "damage": DAMAGE,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrow:
    """The normalised tables of one source. ``damage_note`` says where and how the file ends early, or nothing."""

    packets: pa.Table  # schema NARROW
    lanes: pa.Table  # schema LANES
    sides: dict[str, pa.Table]  # schemas SIDE_TABLES
    damage_note: str = ""

    def __len__(self) -> int:
        return len(self.packets)
