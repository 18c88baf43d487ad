"""Lanes, parts and ports: what runs over both formats share."""

from __future__ import annotations

import pytest

from captures import build
from captures.generate import generate
from tests.wire.equality import assert_equal, compiled, in_pieces, naming_of, plain, reference

pytestmark = pytest.mark.slow


def test_more_lanes_than_there_is_room_for_make_room():
    frames = [
        build.ethernet(build.ipv4(build.udp(b"", sport=n, dport=n >> 8), src="10.0.0.1", dst="10.0.0.2", proto=17))
        for n in range(20_000)
    ]
    data = build.pcap(list(enumerate(frames)))
    found = compiled(data)
    assert len(found.lanes) == 20_000
    from captools.wire.widen import widen

    assert_equal(plain(widen(found, naming_of(1))), reference(data))


def test_columns_alone_are_the_same_columns_without_flows_and_messages():
    data = b"".join(generate(packets=3_000, seed=5))
    whole, alone = compiled(data), in_pieces(data, [70_000], flows=False)
    assert alone.packets.combine_chunks().equals(whole.packets.combine_chunks())
    assert alone.lanes.equals(whole.lanes)
    assert len(whole.sides["heads"]) and not len(alone.sides["heads"])
    assert len(whole.sides["hellos"]) and not len(alone.sides["hellos"])
    assert not any(alone.flows["packets"].to_pylist())
