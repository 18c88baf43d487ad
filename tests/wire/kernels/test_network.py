"""IPv4, IPv6 with extension headers, ARP and fragments, cut at every byte, as the reference reads them."""

from __future__ import annotations

import pytest

from captures import build
from tests.wire.equality import assert_same

pytestmark = pytest.mark.slow
INNER = build.udp(b"payload", sport=1, dport=2)
V6 = {"src": "2001:db8::1", "dst": "2001:db8::2"}
V4 = {"src": "10.0.0.1", "dst": "10.0.0.2"}
FRAGMENT_6 = b"\x11\0" + b"\0\x01" + b"\0\0\0\x07"


def chain(*kinds: int) -> bytes:
    body, proto = INNER, 17
    for kind in reversed(kinds):
        body, proto = bytes((proto, 0)) + bytes(6) + body, kind
    return build.ethernet(build.ipv6(body, **V6, proto=proto), kind=0x86DD)


FRAMES = [
    build.ethernet(build.ipv4(INNER, **V4, proto=17, options=b"\x94\x04\0\0", tos=0xB9)),
    build.ethernet(build.ipv4(INNER, **V4, proto=17, flags=1)),
    build.ethernet(build.ipv4(INNER, **V4, proto=17, fragment=100)),
    build.ethernet(build.ipv4(INNER, **V4, proto=17, total=0)),
    build.ethernet(build.ipv4(INNER, **V4, proto=17, total=900)),
    build.ethernet(build.ipv4(INNER, **V4, proto=17, total=3)),
    build.ethernet(build.ipv6(FRAGMENT_6 + INNER, **V6, proto=44), kind=0x86DD),
    build.ethernet(build.ipv6(FRAGMENT_6.replace(b"\0\x01", b"\x05\x58") + INNER, **V6, proto=44), kind=0x86DD),
    build.ethernet(build.ipv6(INNER, **V6, proto=17, payload=0), kind=0x86DD),
    chain(0, 43, 60),
    chain(*[60] * 20),
    build.ethernet(build.arp(op=2, sender="10.0.0.1", target="10.0.0.2"), kind=0x0806),
    build.ethernet(b"\0\x06" + bytes(30), kind=0x0806),
]


@pytest.mark.parametrize("frame", FRAMES)
def test_a_frame_cut_at_every_byte_is_read_alike(frame):
    assert_same(build.pcap([(at, frame[:at]) for at in range(len(frame) + 1)]))
    for snaplen in range(14, len(frame), 7):
        assert_same(build.pcap([(1, frame)], snaplen=snaplen))
