"""The kernel reads AH and ESP as the reference does, cut at every byte and damaged."""

from __future__ import annotations

import pytest

from captures import build
from tests.wire.equality import assert_same, mutated
from tests.wire.layers import IPSEC

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", IPSEC)
def test_a_frame_cut_at_every_byte_is_read_alike(name):
    frame = IPSEC[name]
    assert_same(build.pcap([(at, frame[:at]) for at in range(len(frame) + 1)]))
    for snaplen in range(14, len(frame), 7):
        assert_same(build.pcap([(1, frame)], snaplen=snaplen))


def test_damaged_frames_are_read_alike():
    data = build.pcap([(at, frame) for at, frame in enumerate(list(IPSEC.values()) * 40)])
    for seed in range(5):
        assert_same(mutated(data, seed))
