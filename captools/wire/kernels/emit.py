"""From the state of one packet to its row of the packets table and its rows of the side tables."""

from __future__ import annotations

from typing import Any

from captools.wire.kernels.buffers import PART_FULL, SIDE_COUNTS, STATUS
from captools.wire.kernels.compiler import inlined, kernel
from captools.wire.kernels.loads import u32
from captools.wire.kernels.marks import (
    ARP,
    DSR,
    FRAGMENTED,
    ICMP,
    IPSEC,
    MSS,
    ND_MAC,
    ND_TARGET,
    QUOTED,
    SACK,
    WIREGUARD,
    WSCALE,
)

_OPTIONS = MSS | WSCALE | SACK
_QUOTES = QUOTED


@inlined
def emit_packet(s: Any, packets: Any, row: Any) -> None:
    """Write the packet's own row; times, lengths, offset and lane are the caller's."""
    packets.ttl[row] = s.ttl
    packets.tos[row] = s.tos
    packets.ip_len[row] = s.ip_len
    packets.ip_id[row] = s.ip_id
    packets.outer_ttl[row] = s.outer_ttl
    packets.outer_ip_id[row] = s.outer_ip_id
    packets.seq[row] = s.seq
    packets.ack[row] = s.ack
    packets.tcp_flags[row] = s.tcp_flags
    packets.window[row] = s.window
    packets.tsval[row] = s.tsval
    packets.tsecr[row] = s.tsecr
    packets.payload_off[row] = s.payload_off
    packets.payload_len[row] = s.payload_len
    packets.payload_hash[row] = s.hash
    packets.payload_head[row] = s.head
    packets.present[row] = s.has


@inlined
def emit_sides(f: Any, s: Any, sides: Any, row: Any, c: Any) -> None:
    """Write what few packets have; STATUS says so when a side table has no room for a further packet's row."""
    rare = s.rare
    if rare & _OPTIONS:
        _options(f, s, sides.options, c[SIDE_COUNTS], row)
        c[SIDE_COUNTS] += 1
    if rare & FRAGMENTED:
        at = c[SIDE_COUNTS + 1]
        sides.fragments[at].row = row
        sides.fragments[at].has = rare
        sides.fragments[at].frag_offset = s.fragment_offset
        sides.fragments[at].more_fragments = s.more_fragments
        c[SIDE_COUNTS + 1] += 1
    if rare & ICMP:
        _icmp(s, sides.icmp, c[SIDE_COUNTS + 2], row)
        c[SIDE_COUNTS + 2] += 1
    if rare & _QUOTES:
        _quoted(s, sides.quoted, c[SIDE_COUNTS + 3], row)
        c[SIDE_COUNTS + 3] += 1
    if rare & ARP:
        _arp(s, sides.arp, c[SIDE_COUNTS + 4], row)
        c[SIDE_COUNTS + 4] += 1
    if rare & WIREGUARD:
        _wireguard(s, sides.wireguard, c[SIDE_COUNTS + 5], row)
        c[SIDE_COUNTS + 5] += 1
    if rare & DSR:
        at = c[SIDE_COUNTS + 6]
        sides.dsr[at].row = row
        sides.dsr[at].has = rare
        sides.dsr[at].dsr_hi = s.dsr_hi
        sides.dsr[at].dsr_lo = s.dsr_lo
        sides.dsr[at].dsr_port = s.dsr_port
        c[SIDE_COUNTS + 6] += 1
    if s.why:
        at = c[SIDE_COUNTS + 7]
        sides.damage[at].row = row
        sides.damage[at].has = rare
        sides.damage[at].why = s.why
        sides.damage[at].decode_stop_at = s.why_at
        c[SIDE_COUNTS + 7] += 1
    if rare & IPSEC:
        at = c[SIDE_COUNTS + 8]
        sides.ipsec[at].row = row
        sides.ipsec[at].has = rare
        sides.ipsec[at].ipsec_proto = s.ipsec_proto
        sides.ipsec[at].ipsec_spi = s.ipsec_spi
        sides.ipsec[at].ipsec_seq = s.ipsec_seq
        c[SIDE_COUNTS + 8] += 1
    if rare & (ND_TARGET | ND_MAC):
        at = c[SIDE_COUNTS + 9]
        sides.nd[at].row = row
        sides.nd[at].has = rare
        sides.nd[at].target_hi = s.nd_target_hi
        sides.nd[at].target_lo = s.nd_target_lo
        sides.nd[at].mac = s.nd_mac
        c[SIDE_COUNTS + 9] += 1
    for place in range(SIDE_COUNTS, c.shape[0]):
        if c[place] >= sides.options.shape[0]:  # all side tables are equally long
            c[STATUS] = PART_FULL


@kernel
def _options(f: Any, s: Any, table: Any, at: Any, row: Any) -> None:
    one = table[at]
    one.row = row
    one.has = s.rare
    one.mss = s.mss
    one.wscale = s.wscale
    count = s.sack_count if s.rare & SACK else 0
    one.sack_count = count
    # At most 40 bytes of options hold four blocks of two edges (RFC 2018, section 3).
    one.sack_0 = u32(f, s.sack_at) if count > 0 else 0
    one.sack_1 = u32(f, s.sack_at + 4) if count > 1 else 0
    one.sack_2 = u32(f, s.sack_at + 8) if count > 2 else 0
    one.sack_3 = u32(f, s.sack_at + 12) if count > 3 else 0
    one.sack_4 = u32(f, s.sack_at + 16) if count > 4 else 0
    one.sack_5 = u32(f, s.sack_at + 20) if count > 5 else 0
    one.sack_6 = u32(f, s.sack_at + 24) if count > 6 else 0
    one.sack_7 = u32(f, s.sack_at + 28) if count > 7 else 0


@kernel
def _icmp(s: Any, table: Any, at: Any, row: Any) -> None:
    one = table[at]
    one.row = row
    one.has = s.rare
    one.icmp_type = s.icmp_type
    one.icmp_code = s.icmp_code
    one.icmp_id = s.icmp_id
    one.icmp_seq = s.icmp_seq
    one.icmp_mtu = s.icmp_mtu


@kernel
def _quoted(s: Any, table: Any, at: Any, row: Any) -> None:
    one = table[at]
    one.row = row
    one.has = s.rare
    one.src_hi = s.quoted_src_hi
    one.src_lo = s.quoted_src_lo
    one.dst_hi = s.quoted_dst_hi
    one.dst_lo = s.quoted_dst_lo
    one.quoted_proto = s.quoted_proto
    one.quoted_sport = s.quoted_sport
    one.quoted_dport = s.quoted_dport
    one.quoted_seq = s.quoted_seq


@kernel
def _arp(s: Any, table: Any, at: Any, row: Any) -> None:
    one = table[at]
    one.row = row
    one.has = s.rare
    one.arp_op = s.arp_op
    one.sender_mac = s.arp_sender_mac
    one.sender_ip = s.arp_sender_ip
    one.target_mac = s.arp_target_mac
    one.target_ip = s.arp_target_ip


@kernel
def _wireguard(s: Any, table: Any, at: Any, row: Any) -> None:
    one = table[at]
    one.row = row
    one.has = s.rare
    one.wg_type = s.wg_type
    one.wg_sender = s.wg_sender
    one.wg_receiver = s.wg_receiver
    one.wg_counter = s.wg_counter
    one.sport = s.sport
    one.dport = s.dport
    one.depth = s.depth
    one.known = s.wg_known
    one.wg_messages = s.wg_messages
