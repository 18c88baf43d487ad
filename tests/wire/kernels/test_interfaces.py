"""An interface of a pcapng as a row of numbers."""

from __future__ import annotations

import pytest

from captools.wire.blocks import Clock
from captools.wire.kernels.interfaces import COLUMNS, LINKTYPE, OFFSET, RESOLUTION, SAFE, SCALE, SNAPLEN, interface_row


def test_a_row_says_what_the_interface_is():
    row = interface_row(113, 96, Clock(6, -3))
    assert len(row) == COLUMNS
    assert row[[LINKTYPE, SNAPLEN, RESOLUTION, OFFSET]].tolist() == [113, 96, 6, -3]


@pytest.mark.parametrize(("resolution", "scale"), [(0, 10**9), (6, 1_000), (9, 1), (12, 0), (0x80 | 10, 0)])
def test_only_stamps_of_whole_nanoseconds_have_a_scale_and_the_largest_safe_stamp_stays_in_64_bits(resolution, scale):
    row = interface_row(1, 0, Clock(resolution, 0))
    assert row[SCALE] == scale
    assert int(row[SAFE]) * scale < 1 << 63
    assert scale == 0 or (int(row[SAFE]) + 1) * scale >= 1 << 63
