"""Lanes: which flow direction a packet belongs to. Equal keys share a lane; hashes only help to find it."""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.wire.kernels.buffers import (
    LANE_DST,
    LANE_ETH_DST,
    LANE_ETH_SRC,
    LANE_LABELS,
    LANE_MASK,
    LANE_OUTER_DST,
    LANE_OUTER_ETH_DST,
    LANE_OUTER_ETH_SRC,
    LANE_OUTER_SRC,
    LANE_PORTS,
    LANE_SRC,
    LANE_VNI,
    LANE_WORDS,
    LANES,
)
from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.hashing import mix
from captools.wire.kernels.prefetch import prefetch
from captools.wire.kernels.records import FLOW

_32, _48 = np.uint64(32), np.uint64(48)
_HALF_MASK = np.uint64(0xFFFFFFFF)
_LINE = 64  # bytes of a cache line
_SLOT, _RECORD, _FLOW = 16, 8 * LANE_WORDS, FLOW.itemsize  # bytes of a row of Lanes.table, .records and .flows


@kernel
def lane_key(s: Any, key: Any) -> None:
    """Write the packet's key, LANE_WORDS words; what is not there is 0."""
    mask = s.lane_has | s.direction << 16 | s.tunnel << 20 | s.depth << 24 | s.version << 32 | s.proto << 40
    key[LANE_MASK] = np.uint64(mask)
    key[LANE_PORTS] = np.uint64(s.sport | s.dport << 16 | s.ifindex << 32)
    key[LANE_SRC] = s.src_hi
    key[LANE_SRC + 1] = s.src_lo
    key[LANE_DST] = s.dst_hi
    key[LANE_DST + 1] = s.dst_lo
    key[LANE_ETH_SRC] = s.eth_src | np.uint64(s.vlan) << _48
    key[LANE_ETH_DST] = s.eth_dst | np.uint64(s.ethertype) << _48
    key[LANE_VNI] = np.uint64(s.interface) | np.uint64(s.vni) << _32
    key[LANE_OUTER_SRC] = s.outer_src_hi
    key[LANE_OUTER_SRC + 1] = s.outer_src_lo
    key[LANE_OUTER_DST] = s.outer_dst_hi
    key[LANE_OUTER_DST + 1] = s.outer_dst_lo
    key[LANE_OUTER_ETH_SRC] = s.outer_eth_src | np.uint64(s.outer_sport) << _48
    key[LANE_OUTER_ETH_DST] = s.outer_eth_dst | np.uint64(s.outer_dport) << _48
    key[LANE_LABELS] = np.uint64(s.vxlan_flags | s.vxlan_gbp << 16 | s.mpls_label << 32)


@kernel
def _hash(key: Any, keys: Any) -> Any:
    total = np.uint64(0)
    for place in range(LANE_WORDS):
        word = key[place] + keys[place]
        total += (word & _HALF_MASK) * (word >> _32) + word
    return mix(total)


@kernel
def assign_lanes(keys: Any, hashes: Any, count: Any, lane_of: Any, first_row: Any, lanes: Any, c: Any) -> None:
    """Write the lanes of the ``count`` packets with these ``keys``; there is room for as many new lanes.

    All at once, because finding one is a wait for memory, and these waits overlap only without a decode between them.
    """
    last = lanes.table.shape[0] - 1
    for at in range(count):
        hashes[at] = _hash(keys[at], lanes.keys)
        prefetch(lanes.table, np.int64(hashes[at] & np.uint64(last)) * _SLOT)
    for at in range(count):
        lane = np.int64(lanes.table[np.int64(hashes[at] & np.uint64(last)), 1]) - 1
        if lane >= 0:
            prefetch(lanes.records, lane * _RECORD)
            prefetch(lanes.records, lane * _RECORD + _LINE)
            prefetch(lanes.flows, lane * _FLOW)
    for at in range(count):
        hashed = hashes[at]
        slot = np.int64(hashed & np.uint64(last))
        while True:
            entry = np.int64(lanes.table[slot, 1])
            if entry == 0:
                lane = c[LANES]
                lanes.table[slot, 0] = hashed
                lanes.table[slot, 1] = np.uint64(lane + 1)
                for place in range(LANE_WORDS):
                    lanes.records[lane, place] = keys[at, place]
                c[LANES] = lane + 1
                break
            lane = entry - 1
            if lanes.table[slot, 0] == hashed:
                different = np.uint64(0)
                for place in range(LANE_WORDS):
                    different |= lanes.records[lane, place] ^ keys[at, place]
                if different == 0:
                    break
            slot = (slot + 1) & last
        lane_of[first_row + at] = lane


@kernel
def move_lanes(old: Any, new: Any) -> None:
    """Enter all lanes of table ``old`` into the larger, empty table ``new``."""
    last = new.shape[0] - 1
    for place in range(old.shape[0]):
        if old[place, 1]:
            slot = np.int64(old[place, 0] & np.uint64(last))
            while new[slot, 1]:
                slot = (slot + 1) & last
            new[slot, 0] = old[place, 0]
            new[slot, 1] = old[place, 1]
