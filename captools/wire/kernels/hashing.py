"""Payload hash and head of one packet (see captools.wire.payloads, whose numbers these are)."""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.model.narrow import Present
from captools.wire import payloads
from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.loads import u64, u64le

KEYS = payloads.KEYS
_LONGEST = payloads.WORDS * 8 - 8
_MIX, _GOLDEN, _HALF, _LOW = payloads.MIX, payloads.GOLDEN, payloads.HALF, payloads.LOW
_HAS_HASH, _HAS_HEAD = int(Present.HASH), int(Present.HEAD)


@kernel
def mix(value: Any) -> Any:
    """Spread every bit of a 64-bit value over all of it."""
    value = (value ^ (value >> _HALF)) * _MIX
    value = (value ^ (value >> _HALF)) * _MIX
    return value ^ (value >> _HALF)


@kernel
def payload_hash(f: Any, at: Any, length: Any, keys: Any) -> Any:
    """Return the hash of ``length`` (1 to 65,592) bytes at ``at``; a record header of 8 bytes or more precedes them."""
    total = np.uint64(0)
    words = length >> 3
    for place in range(words):
        word = u64le(f, at + 8 * place) ^ keys[place]
        total += (word & _LOW) * (word >> _HALF) + word
    rest = length & 7
    if rest:
        word = (u64le(f, at + length - 8) >> np.uint64((8 - rest) * 8)) ^ keys[words]
        total += (word & _LOW) * (word >> _HALF) + word
    return mix(total ^ (np.uint64(length) * _GOLDEN))


@kernel
def captured(s: Any) -> Any:
    """Return how many payload bytes count for the hash."""
    return max(min(s.end - s.start - s.payload_off, _LONGEST), 0)


@kernel
def payload_head(f: Any, s: Any) -> Any:
    """Return the first eight payload bytes as a big-endian word, or fewer where the payload is that short.

    The caller has checked that the capture holds them.
    """
    wanted = min(s.payload_len, 8)
    return u64(f, s.start + s.payload_off) >> np.uint64((8 - wanted) * 8)


@kernel
def hash_payload(f: Any, s: Any, keys: Any) -> None:
    """Set hash and head of the packet, and their bits."""
    length = captured(s)
    if length > 0:
        s.hash = payload_hash(f, s.start + s.payload_off, length, keys)
        s.has |= _HAS_HASH
        if length >= min(s.payload_len, 8):
            s.head = payload_head(f, s)
            s.has |= _HAS_HEAD
