"""Lanes, parts and ports: what runs over both formats share."""

from __future__ import annotations

import pytest

from captures import build
from tests.wire.equality import assert_equal, compiled, naming_of, plain, reference

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
