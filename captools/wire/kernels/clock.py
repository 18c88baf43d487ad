"""Time stamps of a pcapng interface as nanoseconds (captools.wire.blocks.Clock, compiled: equal for any stamp)."""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.interfaces import OFFSET, RESOLUTION, SAFE, SCALE

_TENS = np.array([10**power for power in range(20)], np.uint64)
_BILLION, _HALF, _LOW, _ONE = np.uint64(10**9), np.uint64(32), np.uint64(0xFFFFFFFF), np.uint64(1)
_LAST, _FIRST = (1 << 63) - 1, -(1 << 63)
_LAST_S, _FIRST_S = np.uint64(_LAST // 10**9), np.uint64(-(_FIRST // 10**9))
_LAST_NS, _FIRST_NS = np.uint64(_LAST % 10**9), np.uint64(_FIRST % 10**9)


@kernel
def to_ns(ticks: Any, interfaces: Any, index: Any) -> Any:
    """Return the stamp ``ticks`` (uint64) of an interface in nanoseconds, at most the end of time."""
    scale = interfaces[index, SCALE]
    if scale and not interfaces[index, OFFSET] and ticks <= np.uint64(interfaces[index, SAFE]):
        return np.int64(ticks) * scale
    resolution = interfaces[index, RESOLUTION]
    if resolution & 0x80:
        seconds, fraction = _binary(ticks, resolution & 0x7F)
    else:
        seconds, fraction = _decimal(ticks, resolution)
    return _moved(seconds, fraction, interfaces[index, OFFSET])


@kernel
def _binary(ticks: Any, shift: Any) -> Any:
    """Return seconds and nanoseconds of ``ticks`` of 2**-shift seconds. The product of 96 bits is made of two halves."""
    seconds = ticks >> np.uint64(shift) if shift < 64 else np.uint64(0)
    rest = ticks - (seconds << np.uint64(shift)) if shift < 64 else ticks
    low = (rest & _LOW) * _BILLION
    high = (rest >> _HALF) * _BILLION + (low >> _HALF)
    if shift < 32:
        return seconds, low >> np.uint64(shift)
    return seconds, high >> np.uint64(shift - 32) if shift < 96 else np.uint64(0)


@kernel
def _decimal(ticks: Any, power: Any) -> Any:
    """Return seconds and nanoseconds of ``ticks`` of 10**-power seconds."""
    seconds = np.uint64(0)
    rest = ticks
    if power < 20:
        seconds = ticks // _TENS[power]
        rest = ticks - seconds * _TENS[power]
    if power <= 9:
        return seconds, rest * _TENS[9 - power]
    return seconds, rest // _TENS[power - 9] if power < 29 else np.uint64(0)


@kernel
def _moved(seconds: Any, fraction: Any, offset: Any) -> Any:
    """Return ``seconds`` + ``offset`` (any int64) and ``fraction`` in nanoseconds, within 64 bits."""
    if offset >= 0:
        whole = seconds + np.uint64(offset)
        later = True
        if whole < seconds:
            return np.int64(_LAST)
    else:
        behind = np.uint64(-(offset + 1)) + _ONE
        later = seconds >= behind
        whole = seconds - behind if later else behind - seconds
    if later:
        if whole > _LAST_S or (whole == _LAST_S and fraction > _LAST_NS):
            return np.int64(_LAST)
        return np.int64(whole * _BILLION + fraction)
    if whole > _FIRST_S or (whole == _FIRST_S and fraction < _FIRST_NS):
        return np.int64(_FIRST)
    if whole == _FIRST_S:
        return np.int64(fraction - _FIRST_NS) + np.int64(_FIRST)
    return np.int64(fraction) - np.int64(whole * _BILLION)
