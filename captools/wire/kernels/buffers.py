"""Where kernels write: column arrays of one part, side tables, and the lanes of the whole file.

Columns of one width share an array whose row stride is no power of two: columns at the same place of different
pages would otherwise fight for the same cache sets.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from captools.model.narrow import MESSAGE_TABLES, NARROW
from captools.wire.kernels.growing import Growing
from captools.wire.kernels.records import FLOW, FOUND, HEAD, HELLO, LINES_A_PACKET, PAYLOAD

AT_ONCE = 32  # packets decoded before their lanes are looked up together
_ODD = 24  # rows of padding: keeps strides off powers of two


class Packets(NamedTuple):
    """One array per column of captools.model.narrow.NARROW, in its order."""

    ts_ns: Any
    offset: Any
    payload_hash: Any
    payload_head: Any
    lane: Any
    cap_len: Any
    wire_len: Any
    ip_id: Any
    ip_len: Any
    seq: Any
    ack: Any
    tsval: Any
    tsecr: Any
    payload_off: Any
    payload_len: Any
    outer_ip_id: Any
    tcp_flags: Any
    window: Any
    ttl: Any
    outer_ttl: Any
    tos: Any
    present: Any


def packet_buffers(rows: int) -> Packets:
    """Return arrays for ``rows`` packets."""
    arrays: list[npt.NDArray[Any]] = []
    kinds = [field.type.to_pandas_dtype() for field in NARROW]
    for kind in dict.fromkeys(kinds):
        block = np.empty((kinds.count(kind), rows + _ODD), kind)
        arrays += [one[:rows] for one in block]
    return Packets(*arrays)


def _side(*fields: tuple[str, Any]) -> np.dtype[Any]:
    return np.dtype([("row", np.int64), ("has", np.int64), *fields])


_U64, _I64 = np.uint64, np.int64
# Rows of the side tables as kernels write them; ``has`` is the mask captools.wire.kernels.state calls ``rare``.
SIDE_ROWS: dict[str, np.dtype[Any]] = {
    "options": _side(("mss", _I64), ("wscale", _I64), ("sack_count", _I64), *((f"sack_{n}", _I64) for n in range(8))),
    "fragments": _side(("frag_offset", _I64), ("more_fragments", _I64)),
    "icmp": _side(("icmp_type", _I64), ("icmp_code", _I64), ("icmp_id", _I64), ("icmp_seq", _I64), ("icmp_mtu", _I64)),
    "quoted": _side(
        ("src_hi", _U64), ("src_lo", _U64), ("dst_hi", _U64), ("dst_lo", _U64), ("quoted_proto", _I64),
        ("quoted_sport", _I64), ("quoted_dport", _I64), ("quoted_seq", _I64),
    ),
    "arp": _side(
        ("arp_op", _I64), ("sender_mac", _U64), ("sender_ip", _I64), ("target_mac", _U64), ("target_ip", _I64)
    ),
    "wireguard": _side(
        ("wg_type", _I64), ("wg_sender", _I64), ("wg_receiver", _I64), ("wg_counter", _U64), ("sport", _I64),
        ("dport", _I64), ("depth", _I64), ("known", _I64), ("wg_messages", _I64),
    ),
    "dsr": _side(("dsr_hi", _U64), ("dsr_lo", _U64), ("dsr_port", _I64)),
    "damage": _side(("why", _I64), ("decode_stop_at", _I64)),
    "ipsec": _side(("ipsec_proto", _I64), ("ipsec_spi", _I64), ("ipsec_seq", _I64)),
    "nd": _side(("target_hi", _U64), ("target_lo", _U64), ("mac", _U64)),
    "heads": HEAD,
    "hellos": HELLO,
}  # fmt: skip


class Sides(NamedTuple):
    """One record array per side table."""

    options: Any
    fragments: Any
    icmp: Any
    quoted: Any
    arp: Any
    wireguard: Any
    dsr: Any
    damage: Any
    ipsec: Any
    nd: Any
    heads: Any
    hellos: Any


def side_buffers(rows: int) -> Sides:
    """Return record arrays for ``rows`` rows each, those of messages with room for a further batch's."""
    room = {name: rows + AT_ONCE * LINES_A_PACKET if name in MESSAGE_TABLES else rows for name in SIDE_ROWS}
    return Sides(*(np.empty(room[name], kind).view(np.recarray) for name, kind in SIDE_ROWS.items()))


# Columns of a lane's record, 8 bytes each.
(LANE_MASK, LANE_PORTS, LANE_SRC, LANE_DST, LANE_ETH_SRC, LANE_ETH_DST, LANE_VNI, LANE_OUTER_SRC, LANE_OUTER_DST,
 LANE_OUTER_ETH_SRC, LANE_OUTER_ETH_DST, LANE_LABELS) = (0, 1, 2, 4, 6, 7, 8, 9, 11, 13, 14, 15)  # fmt: skip
LANE_WORDS = 16  # two cache lines


class Lanes(NamedTuple):
    """The lanes seen so far: records, and the open-addressing table of (hash, lane + 1) that finds them."""

    records: npt.NDArray[np.uint64]  # (capacity, LANE_WORDS)
    table: npt.NDArray[np.uint64]  # (power of two, 2)
    keys: npt.NDArray[np.uint64]  # LANE_WORDS random words: nobody can prepare collisions
    flows: Any  # (capacity) FLOW


def lane_keys(rng: np.random.Generator) -> npt.NDArray[np.uint64]:
    """Return what the hash of a lane's record is keyed with."""
    return rng.integers(0, 1 << 64, LANE_WORDS, dtype=np.uint64)


def lane_buffers(records: Growing, flows: Growing, keys: npt.NDArray[np.uint64]) -> Lanes:
    """Return lanes over the memory of as many records and flows (a power of two, AT_ONCE or more); the table is empty."""
    words = records.bytes().view(np.uint64).reshape(-1, LANE_WORDS)
    return Lanes(
        records=words,
        table=np.zeros((2 * len(words), 2), np.uint64),
        keys=keys,
        flows=flows.bytes().view(FLOW).view(np.recarray),
    )


class Pending(NamedTuple):
    """What is left to do for the packets decoded last: their lanes by keys, and where their messages are written."""

    keys: npt.NDArray[np.uint64]  # (AT_ONCE, LANE_WORDS)
    hashes: npt.NDArray[np.uint64]
    payload: Any  # (1) PAYLOAD
    found: Any  # (1) FOUND
    heads: Any  # those of Sides
    hellos: Any
    head_lines: npt.NDArray[np.uint8]  # their memory: numba cannot write an array inside a record
    hello_lines: npt.NDArray[np.uint8]


def pending_buffers(sides: Sides) -> Pending:
    """Return room for AT_ONCE keys; messages go to ``sides``."""
    return Pending(
        keys=np.zeros((AT_ONCE, LANE_WORDS), np.uint64),
        hashes=np.zeros(AT_ONCE, np.uint64),
        payload=np.zeros(1, PAYLOAD).view(np.recarray),
        found=np.zeros(1, FOUND).view(np.recarray),
        heads=sides.heads,
        hellos=sides.hellos,
        head_lines=bytes_of(sides.heads).reshape(-1),
        hello_lines=bytes_of(sides.hellos).reshape(-1),
    )


def bytes_of(rows: Any) -> npt.NDArray[np.uint8]:
    """Return the memory of records, shape (rows, bytes)."""
    found: npt.NDArray[np.uint8] = np.asarray(rows).view(np.uint8).reshape(len(rows), rows.dtype.itemsize)
    return found


# Counters that a call of the kernel reads and writes.
AT, ROWS, LANES, STATUS, FOLLOWING = range(5)  # FOLLOWING is only read: flows and messages are wanted
SIDE_COUNTS = 5  # the side tables' counts follow, in the order of Sides
HEADS, HELLOS = (SIDE_COUNTS + list(SIDE_ROWS).index(name) for name in MESSAGE_TABLES)
COUNTERS = SIDE_COUNTS + len(SIDE_ROWS)

# STATUS: why a call ended
NEED_MORE, PART_FULL, LANES_FULL, IMPOSSIBLE_LENGTH, RUNNING, OTHER_BLOCK = range(6)
