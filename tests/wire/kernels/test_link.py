"""Link layers and VLAN tags, cut at every byte, as the reference reads them."""

from __future__ import annotations

import pytest

from captures import build
from tests.wire.equality import assert_same

pytestmark = pytest.mark.slow
PACKET = build.ipv4(build.udp(b"x", sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17)


@pytest.mark.parametrize(
    ("linktype", "frame"),
    [
        (1, build.ethernet(PACKET, vlans=(5, 6, 7))),
        (113, build.sll(PACKET, packet_type=4)),
        (113, build.sll(b"\0\x07" + b"\x08\0" + PACKET, kind=0x8100, packet_type=7)),
        (276, build.sll2(PACKET, ifindex=9, packet_type=2)),
        (101, PACKET),
        (0, b"\x02\0\0\0" + PACKET),
        (228, b"\x50" + PACKET),
        (147, PACKET),
    ],
)
def test_a_frame_cut_at_every_byte_is_read_alike(linktype, frame):
    table = assert_same(build.pcap([(at, frame[:at]) for at in range(len(frame) + 1)], linktype=linktype))
    assert len(table) == len(frame) + 1
    for snaplen in range(1, len(frame), 5):
        assert_same(build.pcap([(1, frame)], linktype=linktype, snaplen=snaplen))
