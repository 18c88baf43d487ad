"""Figures: what the segments of each stream add up to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from captools.correlate.same.repeats import Repeat
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.correlate.tcp.segments import Bools, Segments
from captools.model.packets import TcpFlag
from captools.model.tcp import TCP_STREAMS

# What comes later than a round trip after those that overtook it was sent again. Without a handshake nobody knows the
# round trip: then the time that Wireshark takes.
REORDERING_NS = 3_000_000
AGAIN = (Repeat.RETRANSMITTED, Repeat.PARTIAL)
_ENDS = TcpFlag.SYN | TcpFlag.FIN | TcpFlag.RST
_NEVER = np.iinfo(np.int64).max


def figures(rows: Sightings, found: Segments) -> pa.Table:
    """Return the table (schema TCP_STREAMS) of all streams."""
    recovered, again = late(found), np.isin(found.kind, AGAIN)
    carried, delivered = found.sums(found.payload), found.delivered()
    data = found.payload > 0
    first, last = _when(found, data)
    syn = (found.flags & TcpFlag.SYN) != 0
    columns: dict[str, Ints | pa.Array | list[str]] = {
        "path": found.lane // 2,
        "reply": pa.array(found.lane % 2 == 1),
        "point": [rows.points[code] for code in found.point.tolist()],
        "packets": found.sums(np.ones(len(found.rows), np.int64)),
        "wire_bytes": found.sums(np.clip(rows["wire_len"][found.rows], 0, None)),
        "segments": found.sums(found.sized()),
        "payload_bytes": carried,
        "delivered_bytes": delivered,
        "retransmitted_segments": found.sums(again),
        "retransmitted_bytes": carried - delivered,
        "recovered_segments": found.sums(recovered),
        "reordered_segments": found.sums((found.kind == Repeat.REORDERED) & ~recovered),
        "duplicate_acks": found.sums(_asks_again(rows, found)),
        "zero_windows": found.sums((rows["window"][found.rows] == 0) & (found.flags & _ENDS == 0)),
        "keepalives": found.sums(found.kind == Repeat.KEEPALIVE),
        "mss": _known(found.most(np.where(syn, rows["mss"][found.rows], ABSENT)), ABSENT, pa.uint16()),
        "largest_payload": found.most(found.payload),
        "largest_packet": found.most(rows["ip_len"][found.rows]),
        "syns": found.sums(syn),
        "first_ns": found.times[found.starts],
        "last_ns": found.times[np.r_[found.starts[1:], len(found.rows)] - 1],
        "data_first_ns": _known(first, _NEVER),
        "data_last_ns": _known(last, ABSENT),
        "handshake_ns": _known(_handshakes(found), ABSENT),
    }
    table = pa.table([pa.array(columns[field.name], field.type) for field in TCP_STREAMS], schema=TCP_STREAMS)
    return table.sort_by([("path", "ascending"), ("reply", "ascending"), ("point", "ascending")])


def _known(values: Ints, unknown: int, kind: pa.DataType | None = None) -> pa.Array:
    return pa.array(values, kind or pa.int64(), mask=values == unknown)


def _when(found: Segments, some: Bools) -> tuple[Ints, Ints]:
    """Return the first and the last time of ``some`` entries of each stream; _NEVER and ABSENT where it has none."""
    first = np.minimum.reduceat(np.where(some, found.times, _NEVER), found.starts)
    return first, np.maximum.reduceat(np.where(some, found.times, ABSENT), found.starts)


def _asks_again(rows: Sightings, found: Segments) -> Bools:
    """Tell which are duplicate acknowledgments (RFC 5681, section 2): bare, of the same byte, with the same window.

    The answer to a keepalive looks the same; where the other side sends such, none is counted.
    """
    ack, window = rows["ack"][found.rows], rows["window"][found.rows]
    bare = (found.end == found.begin) & (found.flags & (_ENDS | TcpFlag.ACK) == TcpFlag.ACK)
    bare &= found.kind != Repeat.KEEPALIVE
    same = np.zeros(len(found.rows), np.bool_)
    same[1:] = (found.stream[1:] == found.stream[:-1]) & (ack[1:] == ack[:-1]) & (window[1:] == window[:-1])
    same[1:] &= found.flags[:-1] & (_ENDS | TcpFlag.ACK) == TcpFlag.ACK
    alive = found.sums(found.kind == Repeat.KEEPALIVE) > 0
    probed = np.isin(found.lane * (found.point.max() + 1) + found.point,
                     ((found.lane ^ 1) * (found.point.max() + 1) + found.point)[alive])  # fmt: skip
    asks: Bools = bare & same & ~probed[found.stream]
    return asks


def late(found: Segments) -> Bools:
    """Tell which segments filled a hole so late that they were sent again, and not only overtaken."""
    there = _handshakes(found)
    back = _of_other_way(found, there)
    trip = np.where((there != ABSENT) & (back != ABSENT), there + back, REORDERING_NS)
    filled: Bools = found.waited() > trip[found.stream]
    return filled


def _of_other_way(found: Segments, values: Ints) -> Ints:
    """Return each stream's partner's value at the same point, ABSENT where it has none."""
    size = int(found.point.max()) + 1
    key, wanted = found.lane * size + found.point, (found.lane ^ 1) * size + found.point
    at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    return np.where(key[at] == wanted, values[at], ABSENT)


def _handshakes(found: Segments) -> Ints:
    """Return for each stream its part of the handshake's round trip, ABSENT where it is not known."""
    syn, ack = (found.flags & TcpFlag.SYN) != 0, (found.flags & TcpFlag.ACK) != 0
    forward = found.lane % 2 == 0
    asked, _ = _when(found, syn & ~ack & forward[found.stream])
    answered, _ = _when(found, syn & ack & ~forward[found.stream])
    once = found.sums(syn) == 1
    asked, answered = np.where(once, asked, _NEVER), np.where(once, answered, _NEVER)
    answer, ask = _of_other_way(found, answered), _of_other_way(found, asked)
    out = np.full(found.count, ABSENT, np.int64)
    there = forward & (asked != _NEVER) & (answer != ABSENT) & (answer != _NEVER) & (answer >= asked)
    out[there] = (answer - asked)[there]
    # The handshake's third packet: the originator's first acknowledgment behind the SYN-ACK.
    confirmed, _ = _when(found, ack & ~syn & forward[found.stream])
    third = _of_other_way(found, confirmed)
    back = ~forward & (answered != _NEVER) & (ask != ABSENT) & (ask != _NEVER) & (third != ABSENT)
    back &= (third != _NEVER) & (third >= answered)
    out[back] = (third - answered)[back]
    return out
