"""Nothing of one packet is left in the next one's row."""

from __future__ import annotations

import itertools

import pytest

from captures import build
from tests.wire.equality import assert_same

pytestmark = pytest.mark.slow


def test_any_packet_after_any_other_reads_as_if_it_were_alone():
    v4 = {"src": "10.0.0.1", "dst": "10.0.0.2"}
    tcp = build.ipv4(
        build.tcp(b"x", sport=1, dport=2, seq=3, ack=4, options=build.timestamps(5, 6)), **v4, proto=6, tos=255
    )
    frames = [
        build.ethernet(tcp, vlans=(7,)),
        build.ethernet(build.ipv4(build.udp(build.vxlan(build.ethernet(tcp), vni=9), sport=1, dport=8472), **v4, proto=17)),
        build.ethernet(build.ipv4(build.icmp_error(tcp), **v4, proto=1, flags=1)),
        build.ethernet(build.arp(op=1, sender="10.0.0.1", target="10.0.0.2"), kind=0x0806),
        build.ethernet(build.ipv6(b"", src="::1", dst="::2", proto=59), kind=0x86DD),
        build.ethernet(b"", kind=0x88CC),
        b"",
    ]  # fmt: skip
    order = [one for pair in itertools.product(frames, repeat=2) for one in pair]
    assert_same(build.pcap(list(enumerate(order))))
