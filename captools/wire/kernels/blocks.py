"""The fused kernel over the blocks of a pcapng (see captools.wire.blocks, which reads what is no packet)."""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.wire.blocks import (
    ENHANCED_PACKET,
    FRAME,
    INTERFACE,
    MAX_BLOCK,
    PACKET_OBSOLETE,
    SECTION,
    SIMPLE_PACKET,
    STATISTICS,
)
from captools.wire.kernels.batch import finish_batch, has_room
from captools.wire.kernels.buffers import AT, AT_ONCE, NEED_MORE, OTHER_BLOCK, ROWS, RUNNING, STATUS
from captools.wire.kernels.clock import to_ns
from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.interfaces import LINKTYPE, SNAPLEN
from captools.wire.kernels.loads import u16, u32, u32le
from captools.wire.kernels.run import decode_one


@kernel
def word(f: Any, at: Any, little: Any) -> Any:
    """Four bytes in the section's byte order."""
    return u32le(f, at) if little else u32(f, at)


@kernel
def _half(f: Any, at: Any, little: Any) -> Any:
    """Two bytes in the section's byte order."""
    value = u16(f, at)
    return value >> 8 | (value & 0xFF) << 8 if little else value


@kernel
def decode_blocks(
    f: Any, have: Any, before: Any, little: Any, interfaces: Any, base: Any, known: Any, scratch: Any,
    port_tunnels: Any, keys: Any, packets: Any, sides: Any, lanes: Any, pending: Any, c: Any,
) -> None:  # fmt: skip
    """Walk and decode the blocks in ``f[c[AT]:have]`` until STATUS says why it ends.

    ``interfaces`` are the rows of captools.wire.kernels.clock, ``known`` of them; those of the section begin at
    ``base``. OTHER_BLOCK: the block at AT describes something, or is damaged. ``before`` is the file offset of
    ``f[0]``; ``f`` is at least 16 bytes longer than ``have``. The part has room for a packet.
    """
    s = scratch[0]
    c[STATUS] = RUNNING
    while c[STATUS] == RUNNING:
        if not has_room(lanes, pending, c):
            return
        count = 0
        first_row = c[ROWS]
        at = c[AT]
        while count < AT_ONCE and c[STATUS] == RUNNING:
            if at + FRAME > have:
                c[STATUS] = NEED_MORE
                break
            kind = word(f, at, little)
            length = word(f, at + 4, little)
            # A section may be in the other byte order: its length is not for this kernel to read.
            if kind == SECTION or length < FRAME or length & 3 or length > MAX_BLOCK:
                c[STATUS] = OTHER_BLOCK
                break
            if at + length > have:
                c[STATUS] = NEED_MORE
                break
            if kind in (INTERFACE, STATISTICS) or word(f, at + length - 4, little) != length:
                c[STATUS] = OTHER_BLOCK
                break
            base_byte, cap_len, wire_len, index, stamped = _packet(
                f, at + 8, at + length - 4, kind, little, interfaces, base, known
            )
            if base_byte < 0:
                c[STATUS] = OTHER_BLOCK
                break
            if base_byte > 0:
                ticks = np.uint64(word(f, at + 12, little)) << np.uint64(32) | np.uint64(word(f, at + 16, little))
                ts_ns = to_ns(ticks, interfaces, index) if stamped else 0
                decode_one(
                    f, s, base_byte, cap_len, wire_len, ts_ns, before + base_byte, index, interfaces[index, LINKTYPE],
                    port_tunnels, keys, packets, sides, pending, count, c,
                )  # fmt: skip
                count += 1
            at += length
        c[AT] = at
        finish_batch(f, before, packets, lanes, pending, count, first_row, c)


@kernel
def _packet(f: Any, body: Any, end: Any, kind: Any, little: Any, interfaces: Any, base: Any, known: Any) -> Any:
    """Return (first byte, cap_len, wire_len, interface, whether it has a stamp) of a block.

    The first byte is 0 where the block holds no packet, -1 where it is damaged.
    """
    if kind == SIMPLE_PACKET:
        if end - body < 4 or base >= known:
            return -1, 0, 0, 0, False
        wire_len = word(f, body, little)
        snaplen = interfaces[base, SNAPLEN]
        cap_len = min(wire_len, end - body - 4)
        if snaplen:
            cap_len = min(cap_len, snaplen)
        return body + 4, cap_len, wire_len, base, False
    if kind != ENHANCED_PACKET and kind != PACKET_OBSOLETE:
        return 0, 0, 0, 0, False
    if end - body < 20:
        return -1, 0, 0, 0, False
    index = base + (word(f, body, little) if kind == ENHANCED_PACKET else _half(f, body, little))
    cap_len = word(f, body + 12, little)
    if index >= known or body + 20 + cap_len > end:
        return -1, 0, 0, 0, False
    return body + 20, cap_len, word(f, body + 16, little), index, True
