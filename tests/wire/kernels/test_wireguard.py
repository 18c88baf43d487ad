"""The kernel reads WireGuard as the reference does, cut at every byte and damaged."""

from __future__ import annotations

import pytest

from captures import build
from tests.wire.equality import assert_same, mutated
from tests.wire.layers import OURS_ALONE, WIREGUARD

pytestmark = pytest.mark.slow
OURS_ALONE = {**WIREGUARD, **OURS_ALONE}


@pytest.mark.parametrize("name", OURS_ALONE)
def test_a_frame_cut_at_every_byte_is_read_alike(name):
    frame = OURS_ALONE[name]
    assert_same(build.pcap([(at, frame[:at]) for at in range(len(frame) + 1)]))
    for snaplen in range(14, len(frame), 7):
        assert_same(build.pcap([(1, frame)], snaplen=snaplen))


def test_damaged_frames_are_read_alike():
    data = build.pcap([(at, frame) for at, frame in enumerate(list(OURS_ALONE.values()) * 40)])
    for seed in range(5):
        assert_same(mutated(data, seed))
