"""A running decode makes room where a kernel says that something is full, and loses nothing by it."""

from __future__ import annotations

import pytest

from captures.build import ethernet, ipv4, pcap, pcapng, udp
from tests.wire.equality import assert_same, in_pieces

pytestmark = pytest.mark.slow
FLOWS = 5_000  # more than the lanes that there is room for at first


def frames() -> list[bytes]:
    return [
        ethernet(ipv4(udp(b"", sport=1_000 + at, dport=9), src="10.0.0.1", dst="10.0.0.2", proto=17))
        for at in range(FLOWS)
    ]


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_lanes_and_parts_that_fill_up_cost_no_packet(form):
    some = [(at, frame) for at, frame in enumerate(frames())]
    data = pcap(some) if form == "pcap" else pcapng([(0, at, frame) for at, frame in some])
    assert len(assert_same(data)) == FLOWS
    found = in_pieces(data, [5_000], buffer=1_000, part_rows=64)
    assert len(found.lanes) == FLOWS == len(found.packets)
    assert found.packets["lane"].to_pylist() == list(range(FLOWS))
