"""Fingerprints: one 64-bit number per sighting, the same at every point that one packet passes.

Both are pure functions of columns, row by row, so that a compiled join may take them over tables of any size. They read
``src dst proto sport dport ip_id ip_len frag_offset icmp_type icmp_code icmp_id icmp_seq quoted_src quoted_dst
quoted_sport quoted_dport quoted_seq`` · TCP: ``seq ack tcp_flags tsval tsecr window wscale`` · the rest: ``payload_len
payload_head wg_counter``. Lengths are those of the headers and the payload counts with its first eight bytes, so that a
point captured with a short snap length gives the same numbers as one captured whole.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.packets import Proto, TcpFlag

Prints = npt.NDArray[np.uint64]
_EXACT = ("src", "dst", "proto", "sport", "dport", "ip_id", "ip_len", "frag_offset", "icmp_type", "icmp_code",
          "icmp_id", "icmp_seq", "quoted_src", "quoted_dst", "quoted_sport", "quoted_dport", "quoted_seq")  # fmt: skip
_TCP = ("seq", "ack", "tcp_flags", "tsval", "tsecr", "window")
_BYTES = ("payload_head", "payload_len", "wg_counter")
# NAT rewrites addresses, ports, (through conntrack) ICMP ids and what an ICMP error quotes; these survive it. A router may
# clamp the MSS option, and direct server return adds an IP option, so that TCP counts its payload, not the packet.
_INVARIANT = ("proto", "frag_offset", "icmp_type", "icmp_code", "icmp_seq", "quoted_seq")
_ENOUGH = 8  # bytes of payload that make two datagrams of one IP id the same
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_NONE = np.uint64(0)


def fingerprint(rows: Sightings) -> Prints:
    """Return one number per row: equal for all sightings of one packet, short of translation."""
    print_ = mixed(rows, _EXACT, np.zeros(len(rows), np.uint64))
    tcp = rows["proto"] == Proto.TCP
    # TCP numbers its bytes; the others are told apart by what they carry.
    return np.where(tcp, mixed(rows, _TCP, print_), mixed(rows, _BYTES, print_))


def invariant_fingerprint(rows: Sightings) -> Prints:
    """Return one number per row that survives NAT; 0 where too little is left to recognise a packet by.

    TCP: sequence numbers, timestamps and length. Others: IP id, length and the first bytes of the payload, and only
    where there is an IP id and a payload of at least eight bytes (a DNS id alone repeats); of an ICMP error, the
    sequence number that it quotes.
    """
    base = mixed(rows, _INVARIANT, np.zeros(len(rows), np.uint64))
    tcp = rows["proto"] == Proto.TCP
    telling = (rows["tsval"] != ABSENT) | (rows["payload_len"] > 0) | (rows["tcp_flags"] & TcpFlag.SYN != 0)
    telling &= (rows["seq"] > 0) & (rows["tcp_flags"] != ABSENT)
    told = (rows["payload_len"] >= _ENOUGH) & (rows["payload_head"] != 0) | (rows["quoted_seq"] > 0)
    usable = (rows["ip_id"] > 0) & told & np.isin(rows["proto"], (Proto.UDP, Proto.ICMP))
    with_tcp = mixed(rows, (*_TCP, "wscale", "payload_len"), base)
    other = mixed(rows, ("ip_id", "ip_len", *_BYTES), base)
    return np.where(tcp & telling, with_tcp, np.where(usable & ~tcp, other, _NONE))


def mixed(rows: Sightings, names: tuple[str, ...], start: Prints) -> Prints:
    """Return ``start`` with the columns ``names`` mixed in."""
    value = start.copy()
    for name in names:
        value = mix_in(value, rows[name])
    return value


def mix_in(value: Prints, column: Ints) -> Prints:
    """Return ``value`` with one more column (64 bits wide) mixed in."""
    value = (value ^ column.view(np.uint64)) * _MIX
    return value ^ (value >> _HALF)


def told_apart_by_payload(rows: Sightings, prints: Prints) -> Prints:
    """Return ``prints`` changed for datagrams that agree in all of it, but not in their payload behind the head.

    A media stream or QUIC without IP ids gives many such. Payloads are compared where as many bytes of both were
    captured; where others of their kind differ, datagrams cut at different lengths are no longer comparable.
    """
    some = np.flatnonzero((rows["proto"] != Proto.TCP) & (rows["payload_len"] > _ENOUGH) & (prints != 0))
    order = some[np.lexsort((rows["payload_hash"][some], captured_payload(rows)[some], prints[some]))]
    sorted_ = prints[order]
    same = sorted_[1:] == sorted_[:-1]
    held, hashes = captured_payload(rows)[order], rows["payload_hash"][order]
    differing = np.unique(sorted_[1:][same & (held[1:] == held[:-1]) & (hashes[1:] != hashes[:-1])])
    if not len(differing):
        return prints
    out, apart = prints.copy(), some[np.isin(prints[some], differing)]
    out[apart] = mix_in(prints[apart], rows["payload_hash"][apart])
    return out


def captured_payload(rows: Sightings) -> Ints:
    """Return how many bytes of each row's payload were captured, at most all of it."""
    held = np.clip(rows["cap_len"] - rows["payload_off"], 0, None)
    return np.where(rows["payload_off"] == ABSENT, 0, np.minimum(held, rows["payload_len"]))
