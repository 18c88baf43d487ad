"""TCP options, UDP lengths, ICMP quotes, cut at every byte, as the reference reads them."""

from __future__ import annotations

import pytest

from captures import build
from tests.wire.equality import assert_same

pytestmark = pytest.mark.slow
V4 = {"src": "10.0.0.1", "dst": "10.0.0.2"}
SYN = b"\x02\x04\x05\xb4\x04\x02" + build.timestamps(7, 0)[2:] + b"\x01\x03\x03\x07"
SACK = build.timestamps(1, 2) + b"\x01\x01\x05\x1a" + bytes(range(24))
QUOTED = build.ipv4(build.tcp(sport=5, dport=6, seq=7), **V4, proto=6)


@pytest.mark.parametrize(
    ("proto", "body"),
    [
        (6, build.tcp(b"xyz", sport=1, dport=2, options=SYN, flags=2)),
        (6, build.tcp(b"xyz", sport=1, dport=2, options=SACK)),
        (6, build.tcp(sport=1, dport=2, options=b"\x05\x22" + bytes(32) + b"\x02\x04\x01\x02")),
        (6, build.tcp(sport=1, dport=2, options=b"\x02\x04\0\x01\x02\x04\0\x02\x08\x09\0\0")),
        (6, build.tcp(b"x" * 30, sport=1, dport=2)[:12] + b"\x40" + bytes(40)),
        (17, build.udp(b"12345", sport=1, dport=2)[:4] + b"\0\x05" + bytes(9)),
        (17, build.udp(b"12345", sport=1, dport=2)[:4] + b"\0\0" + bytes(9)),
        (136, build.udp(b"12345", sport=1, dport=2)[:4] + b"\0\x08" + bytes(9)),
        (132, build.udp(b"12345678", sport=1, dport=2)),
        (1, build.icmp_echo(b"ping", ident=4, seq=5)),
        (1, build.icmp_error(QUOTED, mtu=1_400)),
        (1, build.icmp_error(QUOTED, kind=11, code=0)),
        (58, build.icmp_error(build.ipv6(QUOTED[20:], src="::1", dst="::2", proto=6), kind=2, code=0)),
        (89, b"something"),
    ],
)
def test_a_packet_cut_at_every_byte_is_read_alike(proto, body):
    packet = build.ipv4(body, **V4, proto=proto)
    assert_same(build.pcap([(at, build.ethernet(packet[:at])) for at in range(len(packet) + 1)]))
    frame = build.ethernet(packet)
    for snaplen in range(34, len(frame), 3):
        assert_same(build.pcap([(1, frame)], snaplen=snaplen))
