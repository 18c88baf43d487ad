"""Stamps of any resolution and offset, equal to exact integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tests.wire.equality  # noqa: F401  the kernels' cache folder
from captools.wire.blocks import Clock

pytestmark = pytest.mark.slow
U64 = st.integers(0, (1 << 64) - 1) | st.integers(0, 63).map(lambda bit: 1 << bit)
I64 = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(-10_000_000_000, 10_000_000_000)


@given(U64, st.integers(0, 255), st.just(0) | I64)
@example((1 << 64) - 1, 9, -9_223_372_037)
@example((1 << 64) - 1, 0, -(1 << 63))
@example(9_223_372_036_854_775_808, 9, 0)
@example(145_224_192, 9, -9_223_372_037)
@example(145_224_191, 9, -9_223_372_037)
@example((1 << 64) - 1, 0x80 | 63, 5)
@example((1 << 64) - 1, 0x80 | 127, 0)
def test_every_stamp_is_the_exact_one(ticks, resolution, offset_s):
    from captools.wire.kernels.clock import to_ns
    from captools.wire.kernels.interfaces import interface_row

    clock = Clock(resolution, offset_s)
    rows = np.stack([interface_row(1, 0, Clock()), interface_row(1, 0, clock)])
    assert int(to_ns(np.uint64(ticks), rows, 1)) == clock.to_ns(ticks)
