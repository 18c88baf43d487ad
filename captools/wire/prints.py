"""Prints: one 64-bit number per packet that is the same at every point that sees it, from the normalised tables.

They follow captools.correlate.same, in columns that even a snap length of 128 leaves: lengths are those of IP headers, of
the payload only the first eight bytes count. What a lane says (addresses, ports) is hashed once per lane.

- A TCP segment with a time stamp, payload or SYN is told by its numbers alone: they survive translation of addresses.
- Others are told by their lane, IP id, length and first bytes, and what side tables say; UDP and ICMP also by a second
  print without addresses, where there is enough left to tell them by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.narrow import Present
from captools.model.packets import Proto, TcpFlag
from captools.wire.bytesview import U64
from captools.wire.payloads import GOLDEN, HALF, MIX

# What is looked at of the packets tables.
COLUMNS = ("payload_hash", "payload_head", "ip_id", "ip_len", "seq", "ack", "tsval", "tsecr", "payload_len",
           "tcp_flags", "window", "lane", "present")  # fmt: skip
# What of the side tables, and what of that survives translation: what is sealed to its addresses has no second print.
SIDES = {"icmp": ("icmp_type", "icmp_code", "icmp_seq", "icmp_id"), "fragments": ("frag_offset",),
         "wireguard": ("wg_type", "wg_receiver", "wg_counter")}  # fmt: skip
_SURVIVES = {"icmp": 3, "fragments": 1, "wireguard": 0}
_LEAST_PAYLOAD = 8  # a DNS id alone repeats
_BY_LANE, _BY_NUMBERS, _BY_PAYLOAD = (np.uint64(start) for start in (0x11, 0x22, 0x33))
_FREE = (Proto.UDP, Proto.ICMP)  # what addresses are translated of, TCP apart
_32 = np.uint64(32)


class LanePrints(NamedTuple):
    """What each lane adds to the prints of its packets: a hash of addresses, protocol and ports (0: no IP)."""

    hash: U64
    proto: npt.NDArray[np.uint8]


class Prints(NamedTuple):
    """One entry per packet; 0 where there is none."""

    print: U64
    second: U64


def lane_prints(lanes: pa.Table) -> LanePrints:
    """Return what ``lanes`` (schema LANES; these columns of it) add."""
    proto = pc.fill_null(lanes["proto"], 0).to_numpy().astype(np.uint8)
    ports = [pc.fill_null(lanes[name], 0).to_numpy().astype(np.uint64) for name in ("sport", "dport")]
    found = mixed(np.full(len(lanes), _BY_LANE), ports[0] | ports[1] << np.uint64(16) | proto.astype(np.uint64) << _32)
    for name in ("src", "dst"):
        for half in address_words(lanes[name]):
            found = mixed(found, half)
    known = lanes["src"].is_valid().to_numpy()
    return LanePrints(np.where(known, found, np.uint64(0)), proto)


def address_words(column: pa.ChunkedArray) -> tuple[U64, U64]:
    """Return addresses (16 bytes) as two words each, 0 where they are null."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # an empty table combines to a chunked array
        return np.empty(0, np.uint64), np.empty(0, np.uint64)
    words = np.frombuffer(array.buffers()[1], np.uint64)[2 * array.offset : 2 * (array.offset + len(array))]
    known = array.is_valid().to_numpy(zero_copy_only=False)
    return np.where(known, words[::2], np.uint64(0)), np.where(known, words[1::2], np.uint64(0))


class Beside(NamedTuple):
    """What side tables add to the prints of packets: one entry per packet; ``sealed``: it has no second print."""

    print: U64
    second: U64
    sealed: npt.NDArray[np.bool_]


def beside(count: int, sides: Iterable[tuple[str, pa.Table]]) -> Beside:
    """Return what ``sides`` (some of SIDES, ``row`` counted from the first of the ``count`` packets) add."""
    found = Beside(np.zeros(count, np.uint64), np.zeros(count, np.uint64), np.zeros(count, np.bool_))
    for name, side in sides:
        row = side["row"].to_numpy()
        value = np.full(len(row), _BY_LANE)
        for place, column in enumerate(SIDES[name]):
            if place == _SURVIVES[name]:
                found.second[row] ^= value
            value = mixed(value, pc.fill_null(side[column], 0).to_numpy().astype(np.uint64))
        found.print[row] ^= value
        if _SURVIVES[name] == len(SIDES[name]):
            found.second[row] ^= value
        elif not _SURVIVES[name]:
            found.sealed[row] = True
    return found


def prints(packets: Mapping[str, npt.NDArray[Any]], lanes: LanePrints, more: Beside | None = None) -> Prints:
    """Return the prints of ``packets`` (COLUMNS), whose lanes are ``lanes``; ``more`` is what side tables add."""
    lane, present = packets["lane"], packets["present"]
    hashed, size = lanes.hash[lane], packets["ip_len"].astype(np.uint64)
    tcp = present & Present.TCP != 0
    stamped = present & Present.TIMESTAMPS != 0
    telling = stamped | (packets["payload_len"] > 0) | (packets["tcp_flags"] & TcpFlag.SYN != 0)
    # Without a time stamp, the first bytes tell repeated numbers of different connections apart.
    head = np.where(stamped, np.uint64(0), packets["payload_head"])
    found = mixed(mixed(_numbers(packets, size), np.where(telling, _BY_NUMBERS, hashed)), head)
    second = np.zeros(len(lane), np.uint64)
    rest = np.flatnonzero(~tcp)
    if len(rest):
        length = packets["payload_len"][rest].astype(np.uint64)
        words = packets["ip_id"][rest].astype(np.uint64) << _32 | size[rest]
        by_lane = mixed(mixed(mixed(hashed[rest], words), packets["payload_head"][rest]), length)
        found[rest] = by_lane if more is None else mixed(by_lane, more.print[rest])
        enough = (packets["ip_id"][rest] > 0) & (length >= _LEAST_PAYLOAD) & np.isin(lanes.proto[lane[rest]], _FREE)
        if more is not None:
            enough &= ~more.sealed[rest]
        some = np.flatnonzero(enough)
        free = mixed(mixed(words[some], _BY_PAYLOAD), packets["payload_hash"][rest[some]])
        second[rest[some]] = _told(free if more is None else mixed(free, more.second[rest[some]]))
    return Prints(np.where(hashed != 0, _told(found), np.uint64(0)), second)


def _numbers(packets: Mapping[str, npt.NDArray[Any]], size: U64) -> U64:
    """Return what a TCP header says, ports apart."""
    first = packets["seq"].astype(np.uint64) << _32 | packets["ack"]
    stamps = packets["tsval"].astype(np.uint64) << _32 | packets["tsecr"]
    rest = size << _32 | packets["window"].astype(np.uint64) << np.uint64(16) | packets["tcp_flags"]
    return mixed(mixed(first * GOLDEN, stamps), rest)


def mixed(value: U64, other: Any) -> U64:
    """Mix one more word into hashes."""
    value = (value ^ other) * MIX
    value ^= value >> HALF
    return value


def _told(value: U64) -> U64:
    """Keep 0 for packets without a print."""
    return np.maximum(value, np.uint64(1))
