"""What the packets of a lane add up to, and where each TCP segment stands among those before it."""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.model.narrow import Present
from captools.model.packets import TcpFlag
from captools.wire.kernels.compiler import inlined, kernel
from captools.wire.kernels.records import SEARCHING

_TCP = int(Present.TCP)
_FIN, _SYN, _RST = int(TcpFlag.FIN), int(TcpFlag.SYN), int(TcpFlag.RST)
_HALF, _WRAP = 1 << 31, (1 << 32) - 1
_FAR = 1 << 30  # the largest window TCP knows (RFC 7323, section 2.3)
# What a segment is to the lane's stream: no bytes in it; the next ones; further ahead; all of it was there before; else.
NOTHING, NEXT, AHEAD, AGAIN, ASTRAY = range(5)


@kernel
def _distance(seq: Any, other: Any) -> Any:
    """Return how far ``seq`` lies behind ``other`` in sequence space, -2**31 to 2**31 - 1."""
    return ((seq - other + _HALF) & _WRAP) - _HALF


@inlined
def count_packet(flow: Any, packets: Any, row: Any) -> Any:
    """Add the packet of ``row`` to its flow; return what its segment is to the stream."""
    ts_ns = packets.ts_ns[row]
    if flow.packets == 0:
        flow.first_ns = ts_ns
        flow.last_ns = ts_ns
    elif ts_ns > flow.last_ns:
        flow.last_ns = ts_ns
    elif ts_ns < flow.first_ns:
        flow.first_ns = ts_ns
    flow.packets += 1
    flow.wire_bytes += np.int64(packets.wire_len[row])
    flow.payload_bytes += np.int64(packets.payload_len[row])
    place = NOTHING
    if packets.present[row] & _TCP:
        place = _segment(
            flow, np.int64(packets.seq[row]), np.int64(packets.ack[row]), np.int64(packets.tcp_flags[row]),
            np.int64(packets.window[row]), np.int64(packets.payload_len[row])
        )  # fmt: skip
        if packets.payload_off[row] + packets.payload_len[row] > packets.cap_len[row]:
            flow.cut = 1
    return place


@kernel
def _segment(flow: Any, seq: Any, ack: Any, flags: Any, window: Any, length: Any) -> Any:
    flow.tcp_flags |= flags
    if flags & _RST:
        flow.rsts += 1
    syn = 1 if flags & _SYN else 0
    fin = 1 if flags & _FIN else 0
    taken = length + syn + fin
    if taken == 0:
        if (
            flags & _RST == 0 and ack == flow.last_ack and window == flow.last_window and window != 0
            and seq == flow.next_seq
        ):  # fmt: skip
            flow.duplicate_acks += 1
        flow.last_ack = ack
        flow.last_window = window
        return NOTHING
    flow.last_ack = ack
    flow.last_window = window
    place = NEXT
    begun = flow.in_order > 0
    if syn:
        place = _opening(flow, seq, length, begun)
    elif not begun:
        flow.first_seq = seq
        flow.next_seq = seq
    end = seq + taken
    if place == NEXT and begun and not syn:
        ahead = _distance(seq, np.int64(flow.next_seq))
        if ahead > 0:
            place = AHEAD if ahead < _FAR else ASTRAY
        elif ahead < 0:
            place = _before(flow, seq, end, ahead)
    flow.fins += fin
    if place == NEXT:
        flow.in_order += 1
        if flow.fins > fin and length:  # bytes behind the end
            flow.odd = 1
    elif place == AGAIN or _distance(seq, np.int64(flow.next_seq)) < 0:
        flow.retransmitted += 1
    else:
        flow.gaps += 1
    if _distance(end, np.int64(flow.next_seq)) > 0:
        flow.next_seq = end & _WRAP
    if place in (AHEAD, ASTRAY):
        flow.odd = 1
    return place if length else NOTHING


@kernel
def _opening(flow: Any, seq: Any, length: Any, begun: Any) -> Any:
    """Take a SYN: the first segment, sent again, or the ports are used anew."""
    flow.syns += 1
    if begun and flow.opened and seq == flow.first_seq and length == 0:
        return AGAIN
    if begun:
        flow.odd = 1
        if not flow.opened:  # what came before may belong behind it
            flow.odd_tls = 1
    else:
        flow.first_seq = seq
    if length:  # TCP Fast Open (RFC 7413): its bytes stand behind the SYN's own number
        flow.odd = 1
        flow.odd_tls = 1
    flow.opened = 1
    flow.next_seq = seq
    flow.stage = SEARCHING
    return NEXT


@kernel
def _before(flow: Any, seq: Any, end: Any, ahead: Any) -> Any:
    """Tell whether a segment that begins before the next byte holds only bytes that were there before."""
    base = np.int64(flow.first_seq) + np.int64(flow.opened)
    whole = flow.gaps == 0 and flow.cut == 0
    known = whole and _distance(seq, base) >= 0 and flow.payload_bytes < _HALF and ahead > -_FAR
    if known and _distance(end, np.int64(flow.next_seq)) <= 0:
        return AGAIN
    return ASTRAY
