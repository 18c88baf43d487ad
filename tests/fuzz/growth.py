"""Nothing may take longer than its length: the same input, repeated, is read in proportionally more processor time."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from tests.cpu import cpu_s

_TIMES = 4
_LIMIT = 9  # four times the length costs four times as much, or sixteen times where work is done for each pair
_NOISE_S = 0.5


def chosen(data: bytes) -> bool:
    """Tell whether this input is one of the few that are made long: it takes a hundred times as long as reading it."""
    return bool(data) and zlib.crc32(data) % 128 == 0


def check_growth(read: Callable[[int], object], size: int) -> None:
    """Assert that ``read(4 * size)`` takes hardly more than four times as long as ``read(size)``."""
    for times in (1, 3):  # once more and with more care, where something else disturbed it
        short, long = (cpu_s(lambda length=length: read(length), times=times) for length in (size, _TIMES * size))
        if long < _LIMIT * short + _NOISE_S:
            return
    raise AssertionError(f"{_TIMES} times the length costs {long / short:.0f} times as much ({long:.1f} s)")
