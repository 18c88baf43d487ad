"""Payload hashes: the same bytes give the same 64-bit number at every point.

NH (as in UMAC) over 8-byte words with fixed keys, mixed with the length: one numpy step per word position over
all packets that are that long.
"""

from __future__ import annotations

import numpy as np

from captools.wire.bytesview import U64, Ints
from captools.wire.frame import Batch

# What the compiled kernels share (captools.wire.kernels.hashing).
WORDS = 8_200  # 64 KiB super-frames; what lies beyond is not hashed
MIX = np.uint64(0xD6E8FEB86659FD93)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
HALF, LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
KEYS = np.random.default_rng(0x6361_7074).integers(0, 1 << 64, WORDS, dtype=np.uint64)


def mix(value: U64) -> U64:
    """Spread every bit of each 64-bit value over all of it (two rounds of xor-shift-multiply)."""
    value = (value ^ (value >> HALF)) * MIX
    value = (value ^ (value >> HALF)) * MIX
    return value ^ (value >> HALF)


def hash_payloads(batch: Batch) -> None:
    """Set ``payload_hash`` (all captured payload bytes) and ``payload_head`` (the first eight, zero-filled).

    Both stay null where there is no payload; the head also where the capture was cut before its end.
    """
    columns = batch.columns
    rows = np.flatnonzero(columns.valid["payload_off"])
    at = batch.base[rows] + columns.values["payload_off"][rows].astype(np.int64)
    length = np.maximum(np.minimum(batch.end[rows] - at, WORDS * 8 - 8), 0)
    some = length > 0
    rows, at, length = rows[some], at[some], length[some]
    columns.put("payload_hash", rows, _hash(batch, at, length))
    wanted = np.minimum(columns.values["payload_len"][rows].astype(np.int64), 8)
    whole = length >= wanted
    rows, at, wanted = rows[whole], at[whole], wanted[whole]
    columns.put("payload_head", rows, batch.view.u64(at) >> ((8 - wanted) * 8).astype(np.uint64))


def _hash(batch: Batch, at: Ints, length: Ints) -> U64:
    words = length >> 3
    order = np.argsort(-words, kind="stable")
    start, counts = at[order], words[order]
    total = np.zeros(len(at), np.uint64)
    longest = int(counts[0]) if len(counts) else 0
    reach = np.searchsorted(-counts, -np.arange(1, longest + 1), "right")
    for position, live in enumerate(reach.tolist()):
        word = batch.view.u64le(start[:live] + 8 * position) ^ KEYS[position]
        total[:live] += (word & LOW) * (word >> HALF) + word
    result = np.empty_like(total)
    result[order] = total
    rest = length & 7
    odd = np.flatnonzero(rest)
    # The record header precedes the payload in any file, so eight bytes back is never before the buffer.
    tail = batch.view.u64le(at[odd] + length[odd] - 8) >> ((8 - rest[odd]) * 8).astype(np.uint64)
    tail ^= KEYS[words[odd]]
    result[odd] += (tail & LOW) * (tail >> HALF) + tail
    return mix(result ^ (length.astype(np.uint64) * GOLDEN))
