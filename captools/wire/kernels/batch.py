"""After a few packets were decoded: find their lanes, add them to their flows, read the messages they carry.

Together, because each lane is a wait for memory, and these waits overlap only without a decode between them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.model.narrow import Present
from captools.wire.kernels.buffers import (
    AT_ONCE,
    FOLLOWING,
    HEADS,
    HELLOS,
    LANES,
    LANES_FULL,
    PART_FULL,
    STATUS,
)
from captools.wire.kernels.compiler import inlined, kernel
from captools.wire.kernels.flows import NOTHING, count_packet
from captools.wire.kernels.hellos import begins_hello, follow_hellos
from captools.wire.kernels.lanes import assign_lanes
from captools.wire.kernels.messages import follow_messages, may_begin
from captools.wire.kernels.records import LINES_A_PACKET

_HAS_HEAD = int(Present.HEAD)


@kernel
def has_room(lanes: Any, pending: Any, c: Any) -> Any:
    """Tell whether AT_ONCE further packets can be decoded; if not, STATUS says what is full."""
    if c[LANES] + AT_ONCE > lanes.records.shape[0]:
        c[STATUS] = LANES_FULL
        return False
    lines = AT_ONCE * LINES_A_PACKET
    if c[HEADS] + lines > pending.heads.shape[0] or c[HELLOS] + lines > pending.hellos.shape[0]:
        c[STATUS] = PART_FULL
        return False
    return True


@inlined
def finish_batch(
    f: Any, before: Any, packets: Any, lanes: Any, pending: Any, count: Any, first_row: Any, c: Any
) -> None:
    """Complete the ``count`` rows from ``first_row`` on, whose lane keys are ``pending``; ``f[0]`` is at ``before``."""
    assign_lanes(pending.keys, pending.hashes, count, packets.lane, first_row, lanes, c)
    if not c[FOLLOWING]:
        return
    for row in range(first_row, first_row + count):
        flow = lanes.flows[packets.lane[row]]
        place = count_packet(flow, packets, row)
        if place != NOTHING:
            one = pending.payload[0]
            one.row = row
            one.lane = packets.lane[row]
            one.place = place
            one.offset = packets.offset[row] + packets.payload_off[row]
            one.length = packets.payload_len[row]
            one.start = one.offset - before
            one.end = min(one.start + one.length, packets.offset[row] + packets.cap_len[row] - before)
            head = np.uint64(0)
            if packets.present[row] & _HAS_HEAD:
                head = packets.payload_head[row]
                if one.length < 8:
                    head = head << np.uint64(8 * (8 - one.length))
            one.marked = 1 if may_begin(head, one.length) else 0
            if one.marked:
                flow.http = 1
            follow_messages(f, one, flow, pending.found[0], pending.heads, pending.head_lines, c)
            one.begins = begins_hello(head)
            if one.begins:
                follow_hellos(f, one, flow, pending.found[0], pending.hellos, pending.hello_lines, c)
