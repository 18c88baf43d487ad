"""The records that kernels keep of packets, flows and messages: their layout and the codes in them. No numba here."""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.model.narrow import FLOWS

# The packet at hand (captools.wire.kernels.state). 64-bit words that are no numbers: addresses, hashes, counters.
_WORDS = {"src_hi", "src_lo", "dst_hi", "dst_lo", "outer_src_hi", "outer_src_lo", "outer_dst_hi", "outer_dst_lo",
          "eth_src", "eth_dst", "outer_eth_src", "outer_eth_dst", "wg_counter", "quoted_src_hi", "quoted_src_lo",
          "quoted_dst_hi", "quoted_dst_lo", "arp_sender_mac", "arp_target_mac", "dsr_hi", "dsr_lo", "nd_target_hi",
          "nd_target_lo", "nd_mac", "hash", "head"}  # fmt: skip
# What begins as 0 stands together, so that a few wide stores clear it: for each network header, then for each packet.
_OF_LAYER = ("version", "proto", "ttl", "ip_id", "ip_len", "tos", "more_fragments", "sport", "dport", "payload_off",
             "payload_len", "src_hi", "src_lo", "dst_hi", "dst_lo")  # fmt: skip
_OF_PACKET = ("why", "has", "rare", "lane_has", "direction", "tunnel", "depth", "ifindex", "vlan", "mpls_label",
              "ethertype", "vni", "vxlan_flags", "vxlan_gbp", "outer_sport", "outer_dport", "outer_ttl", "outer_ip_id",
              "seq", "ack", "tcp_flags", "window", "tsval", "tsecr", "hash", "head", "eth_src", "eth_dst",
              "outer_src_hi", "outer_src_lo", "outer_dst_hi", "outer_dst_lo", "outer_eth_src",
              "outer_eth_dst")  # fmt: skip
_OTHER = ("start", "at", "end", "wire_end", "why_at", "interface", "fragment_offset", "mss", "wscale", "sack_at",
          "sack_count", "icmp_type", "icmp_code", "icmp_id", "icmp_seq", "icmp_mtu", "quoted_proto", "quoted_sport",
          "quoted_dport", "quoted_seq", "quoted_src_hi", "quoted_src_lo", "quoted_dst_hi", "quoted_dst_lo", "arp_op",
          "arp_sender_ip", "arp_target_ip", "arp_sender_mac", "arp_target_mac", "dsr_hi", "dsr_lo", "dsr_port",
          "wg_type", "wg_sender", "wg_receiver", "wg_known", "wg_messages", "wg_counter", "ipsec_proto", "ipsec_spi",
          "ipsec_seq", "nd_target_hi", "nd_target_lo", "nd_mac")  # fmt: skip
STATE = np.dtype([(name, np.uint64 if name in _WORDS else np.int64) for name in (*_OF_LAYER, *_OF_PACKET, *_OTHER)])

_LINE = 64  # bytes of a cache line

# What every segment touches stands in the first cache line; the names of FLOWS are its columns. Not among these:
# last_ack and last_window, of the packet before; fresh: an answer's body begins with the next segment; cut: payload
# bytes were not captured.
_HOT: tuple[tuple[str, Any], ...] = (
    ("packets", np.int64), ("wire_bytes", np.int64), ("payload_bytes", np.int64), ("last_ns", np.int64),
    ("left", np.int64), ("next_seq", np.uint32), ("in_order", np.uint32), ("last_ack", np.uint32),
    ("last_window", np.uint16), ("tcp_flags", np.uint16), ("stage", np.uint8), ("fresh", np.uint8),
    ("http", np.uint8), ("tls", np.uint8), ("tls_open", np.uint8), ("odd", np.uint8), ("odd_tls", np.uint8),
    ("cut", np.uint8),
)  # fmt: skip
_COLD: tuple[tuple[str, Any], ...] = (
    ("first_ns", np.int64), ("skipped", np.int64), ("first_seq", np.uint32), ("syns", np.uint32), ("fins", np.uint32),
    ("rsts", np.uint32), ("retransmitted", np.uint32), ("gaps", np.uint32), ("duplicate_acks", np.uint32),
    ("opened", np.uint8),
)  # fmt: skip


def _lines(*groups: tuple[tuple[str, Any], ...]) -> np.dtype[Any]:
    """Return a record whose every group of fields has a cache line of its own."""
    names, formats, offsets = [], [], []
    for number, group in enumerate(groups):
        at = number * _LINE
        for name, kind in group:
            names.append(name)
            formats.append(kind)
            offsets.append(at)
            at += np.dtype(kind).itemsize
        assert at <= (number + 1) * _LINE
    shape: Any = {"names": names, "formats": formats, "offsets": offsets, "itemsize": _LINE * len(groups)}
    found: np.dtype[Any] = np.dtype(shape)
    return found


FLOW = _lines(_HOT, _COLD)
FLOW_COLUMNS = tuple(FLOWS.names)

# stage: what the next byte of a direction is, for the HTTP machine (captools.wire.kernels.messages)
(SEARCHING, HEAD_NEXT, BODY, UNTIL_CLOSE, CHUNK_SIZE, CHUNK_SIZE_LF, CHUNK_DATA, CHUNK_CR, CHUNK_LF, LAST_CR,
 LAST_LF) = range(11)  # fmt: skip

# kind of a row of heads: CONTINUED rows hold more text of the row before
CONTINUED, REQUEST, RESPONSE = range(3)
# kind of a row of hellos
CLIENT_HELLO, SERVER_HELLO = 1, 2
# has
HAS_HOST, HAS_XFF, HAS_REQUEST_ID, HAS_LENGTH, HAS_CHUNKS, WHOLE, HAS_SNI, HAS_ALPN, HAS_RANDOM, HAS_SESSION, HAS_CIPHER = (
    1 << bit for bit in range(11)
)  # fmt: skip

TEXT_BYTES = 128
_TEXT = ("text", np.uint8, (TEXT_BYTES,))
# ``text`` holds the strings one behind the other, in the order of their lengths, over as many rows as they need.
HEAD = np.dtype(
    [
        ("row", np.int64), ("has", np.int64), ("offset", np.int64), ("content_length", np.int64), ("lane", np.uint32),
        ("at", np.uint32), ("length", np.uint32), ("behind", np.uint32), ("status", np.uint16), ("method", np.uint16),
        ("path", np.uint16), ("host", np.uint16), ("xff", np.uint16), ("request_id", np.uint16), ("kind", np.uint16),
        ("spare", np.uint16), _TEXT,
    ]
)  # fmt: skip
HELLO = np.dtype(
    [
        ("row", np.int64), ("has", np.int64), ("offset", np.int64), ("lane", np.uint32), ("length", np.uint32),
        ("version", np.uint16), ("cipher", np.uint16), ("session_id_len", np.uint16), ("random", np.uint16),
        ("sni", np.uint16), ("alpn", np.uint16), ("kind", np.uint16), ("spare", np.uint16), ("filler", np.int64, (2,)),
        _TEXT,
    ]
)  # fmt: skip
HEAD_STRINGS = ("method", "path", "host", "xff", "request_id")
HELLO_STRINGS = ("random", "sni", "alpn")
TEXT_AT = HEAD.fields["text"][1]  # type: ignore[index]
ROW_BYTES = HEAD.itemsize
assert (HELLO.itemsize, HELLO.fields["text"][1]) == (ROW_BYTES, TEXT_AT)  # type: ignore[index]
LINES_A_PACKET = 64  # rows that one packet may write: what has more messages is not proven by this scan

# The payload at hand: its packet's row and lane, where it stands in its stream, its first byte in the file, its bytes by
# the headers, where they lie in the buffer as far as they were captured, and what they may begin (HTTP, TLS).
PAYLOAD = np.dtype(
    [
        (name, np.int64)
        for name in ("row", "lane", "place", "offset", "length", "start", "end", "marked", "begins")
    ]
)  # fmt: skip
# What the scan of one head or hello found: places in the buffer.
FOUND = np.dtype(
    [
        (name, np.int64)
        for name in (
            "has", "kind", "end", "clean", "status", "content_length", "method", "method_len", "path", "path_len",
            "host", "host_len", "xff", "xff_len", "request_id", "request_id_len", "version", "cipher",
            "session_id_len", "random", "sni", "sni_len", "alpn", "alpn_len",
        )
    ]
)  # fmt: skip
