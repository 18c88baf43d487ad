"""Same packet: which sightings at different points are one packet.

Two sightings match when every innermost header field that no router, tunnel or tap may change is equal:
addresses, ports, IP id and length, TCP sequence space, flags and timestamps, ICMP id and sequence, the first
payload bytes. TTL, DSCP, ECN, checksums and everything outer may differ. Equal headers far apart in time, or twice
at one point, are different packets (a retransmission with the same IP id, a repeated query).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.packets import Proto

MAX_TRANSIT_NS = 2_000_000_000  # a packet that takes longer through the cluster is a new one to us
_EXACT = ("src", "dst", "proto", "sport", "dport", "ip_id", "ip_len", "frag_offset", "icmp_type", "icmp_code",
          "icmp_id", "icmp_seq", "quoted_src", "quoted_dst", "quoted_sport", "quoted_dport")  # fmt: skip
_TCP = ("seq", "ack", "tcp_flags", "tsval", "tsecr", "window")
# NAT rewrites addresses, ports and (through conntrack) ICMP ids; these survive it.
_INVARIANT = ("proto", "ip_len", "frag_offset", "icmp_type", "icmp_code", "icmp_seq")
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Matches:
    """``ids``: for each row the number of its packet, ABSENT for rows that are no IP packet.

    ``ambiguous``: numbers of packets whose sightings could also be told apart differently.
    """

    ids: Ints
    count: int
    ambiguous: frozenset[int]


def fingerprint(rows: Sightings) -> npt.NDArray[np.uint64]:
    """Return one 64-bit number per row: equal for all sightings of one packet, short of translation."""
    print_ = _combine(rows, _EXACT, np.zeros(len(rows), np.uint64))
    tcp = rows["proto"] == Proto.TCP
    with_tcp = _combine(rows, _TCP, print_)
    # TCP numbers its bytes; the others are told apart by what they carry.
    return np.where(tcp, with_tcp, _combine(rows, ("payload_head", "payload_len"), print_))


def invariant_fingerprint(rows: Sightings) -> npt.NDArray[np.uint64]:
    """Return one number per row that survives NAT; 0 where too little is left to recognise a packet by.

    TCP: sequence numbers, timestamps and length. Others: IP id, length and the hash of the whole payload, and only
    where there is an IP id and a payload of at least eight bytes (a DNS id alone repeats).
    """
    base = _combine(rows, _INVARIANT, np.zeros(len(rows), np.uint64))
    tcp = rows["proto"] == Proto.TCP
    with_tcp = _combine(rows, (*_TCP, "mss", "wscale", "payload_head"), base)
    other = _combine(rows, ("ip_id", "payload_hash"), base)
    usable = (rows["ip_id"] > 0) & (rows["payload_len"] >= 8) & np.isin(rows["proto"], (Proto.UDP, Proto.ICMP))
    telling = (rows["seq"] > 0) & ((rows["tsval"] != ABSENT) | (rows["payload_len"] > 0) | (rows["mss"] != ABSENT))
    return np.where(tcp & telling, with_tcp, np.where(usable, other, np.uint64(0)))


def _combine(rows: Sightings, names: tuple[str, ...], start: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    value = start.copy()
    for name in names:
        value = (value ^ rows[name].view(np.uint64)) * _MIX
        value ^= value >> _HALF
    return value


def match(rows: Sightings, prints: npt.NDArray[np.uint64] | None = None) -> Matches:
    """Number the packets of ``rows``: sightings with one number are one packet.

    ``prints`` defaults to :func:`fingerprint`; rows with print 0 or without an IP header stay ABSENT.
    """
    prints = fingerprint(rows) if prints is None else prints
    ids = np.full(len(rows), ABSENT, np.int64)
    live = np.flatnonzero((rows["src"] != ABSENT) & (prints != 0))
    if not len(live):
        return Matches(ids, 0, frozenset())
    order = live[np.lexsort((rows["ts_ns"][live], prints[live]))]
    sorted_prints, sorted_ts = prints[order], rows["ts_ns"][order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (sorted_prints[1:] != sorted_prints[:-1]) | (np.diff(sorted_ts) > MAX_TRANSIT_NS)
    group = np.cumsum(new) - 1
    repeats = _groups_with_repeats(rows, order, group)
    ambiguous: list[int] = []
    ids[order] = group
    count = int(group[-1]) + 1
    for number in repeats:
        members = order[np.searchsorted(group, number, "left") : np.searchsorted(group, number, "right")]
        parts = _split(rows, members)
        for part in parts[1:]:
            ids[part] = count
            ambiguous.append(count)
            count += 1
        if len(parts) > 1:
            ambiguous.append(number)
    return Matches(ids, count, frozenset(ambiguous))


def _place(rows: Sightings) -> Ints:
    """One number per place a packet can be seen once: point, TTL, outer TTL, tunnel and direction."""
    return (
        (((rows["point"] * 257 + rows["ttl"] + 1) * 257 + rows["outer_ttl"] + 1) * 8 + rows["tunnel"]) * 8
        + rows["direction"]
        + 1
    )


def _groups_with_repeats(rows: Sightings, order: Ints, group: Ints) -> list[int]:
    """Return the groups in which one place and one source occur twice."""
    key = _place(rows)[order] * (len(rows.sources) + 1) + rows["source"][order]
    by = np.lexsort((key, group))
    same = (group[by][1:] == group[by][:-1]) & (key[by][1:] == key[by][:-1])
    numbers: list[int] = np.unique(group[by][1:][same]).tolist()
    return numbers


def _split(rows: Sightings, members: Ints) -> list[Ints]:
    """Split one group, in time order, whenever a place repeats."""
    place = _place(rows)[members].tolist()
    source = rows["source"][members].tolist()
    parts: list[list[int]] = []
    seen: set[tuple[int, int]] = set()
    for row, where, of in zip(members.tolist(), place, source, strict=True):
        if not parts or (where, of) in seen:
            parts.append([])
            seen = set()
        parts[-1].append(row)
        seen.add((where, of))
    return [np.array(part, np.int64) for part in parts]
