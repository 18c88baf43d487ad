"""How much the heavy tests do: the one place that reads it from the environment (`make deep` sets it)."""

from __future__ import annotations

import os

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"
_SLOWER = 10  # interpreted kernels take a thousand times as long; the rest of a test does not


def packets(usual: int) -> int:
    """Return how many packets a test decodes with the kernels: fewer where they are interpreted."""
    return max(usual // _SLOWER, 1) if INTERPRETED else usual


def times(usual: int, deep: int) -> int:
    """Return how often a test does the same with other random choices."""
    return deep if DEEP and not INTERPRETED else usual
