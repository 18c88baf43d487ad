"""Tunnels of every kind, in one another and cut at every byte, and WireGuard, as the reference reads them."""

from __future__ import annotations

import pytest

from captures import build
from tests.wire.equality import assert_same, mutated
from tests.wire.layers import TUNNELS

pytestmark = pytest.mark.slow
V4 = {"src": "192.0.2.1", "dst": "192.0.2.2"}
INNER = build.ipv4(build.tcp(b"in", sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=6)
FRAMED = build.ethernet(INNER, vlans=(9,))
DSR_4 = b"\x01\x4b\x81\x02" + bytes((10, 0, 0, 9, 0x1F, 0x90, 0, 0))
DSR_6 = b"\x01\x4b\x81\x05" + bytes(range(20))


def udp(body: bytes, dport: int) -> tuple[int, bytes]:
    return 17, build.udp(body, sport=40_000, dport=dport)


CASES = {
    "vxlan": udp(build.vxlan(FRAMED, vni=7), 8472),
    "vxlan-no-vni": udp(build.vxlan(FRAMED, vni=7, flags=0), 4789),
    "geneve-dsr-v4": udp(build.geneve(FRAMED, vni=7, options=DSR_4), 6081),
    "geneve-dsr-v6": udp(build.geneve(INNER, vni=7, kind=0x0800, options=bytes(4) + DSR_6), 6081),
    "geneve-unknown": udp(build.geneve(b"\x04\0\0\0" + bytes(28), vni=7, kind=0x1234), 6081),
    "gre-key": (47, build.gre(INNER, key=77)),
    "gre-teb": (47, build.gre(FRAMED, kind=0x6558)),
    "gre-version-1": (47, b"\0\x01\x08\0" + INNER),
    "ipip": (4, INNER),
    "vxlan-in-gre-in-ipip": (4, build.ipv4(build.gre(build.ipv4(udp(build.vxlan(FRAMED, vni=1), 8472)[1], **V4,
                                                                proto=17), key=5), **V4, proto=47)),
    "wg-initiation": udp(b"\x01\0\0\0" + bytes(144), 51_871),
    "wg-response": udp(b"\x02\0\0\0" + bytes(88), 7),
    "wg-cookie": udp(b"\x03\0\0\0" + bytes(60), 7),
    "wg-data": udp(build.wireguard_data(receiver=1, counter=1 << 40, sealed=33), 51_820),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_packet_cut_at_every_byte_is_read_alike(name):
    proto, body = CASES[name]
    frame = build.ethernet(build.ipv4(body, **V4, proto=proto))
    assert_same(build.pcap([(at, frame[:at]) for at in range(len(frame) + 1)]))
    for snaplen in range(34, len(frame), 3):
        assert_same(build.pcap([(1, frame)], snaplen=snaplen))


@pytest.mark.parametrize("name", TUNNELS)
def test_every_tunnel_we_can_build_is_read_alike(name):
    frame = TUNNELS[name]
    assert_same(build.pcap([(at, frame[:at]) for at in range(len(frame) + 1)]))
    assert_same(mutated(build.pcap([(at, frame) for at in range(2_000)]), 1))


def test_a_handshake_vouches_for_messages_on_its_ports_as_in_the_reference():
    odd = build.wireguard_data(receiver=1, counter=2, sealed=21)
    bodies = [(odd, 4000), (b"\x01\0\0\0" + bytes(144), 4000), (odd, 4000), (odd, 4001)]
    frames = [build.ethernet(build.ipv4(build.udp(body, sport=9, dport=port), **V4, proto=17)) for body, port in bodies]
    table = assert_same(build.pcap(list(enumerate(frames))))
    assert table["wg_type"].to_pylist() == [4, 1, 4, 4]


def test_a_handshake_vouches_for_messages_of_other_parts_too():
    from captools.wire.kernels.session import PART_ROWS

    odd = build.ethernet(build.ipv4(build.udp(build.wireguard_data(receiver=1, counter=2, sealed=21), sport=9, dport=4000),
                                    **V4, proto=17))  # fmt: skip
    shake = build.ethernet(build.ipv4(build.udp(build.wireguard_handshake(kind=1), sport=9, dport=9), **V4, proto=17))
    table = assert_same(build.pcap([(1, odd)] * (PART_ROWS + 1) + [(2, shake)]))
    assert table["wg_type"].null_count == 0


def test_more_tunnels_than_anyone_follows_are_too_deep():
    packet = INNER
    for depth in range(12):
        packet = build.ipv4(packet, src=f"192.0.2.{depth}", dst="192.0.2.99", proto=4)
        table = assert_same(build.pcap([(1, build.ethernet(packet))]))
    assert table["decode_stop"].to_pylist() == ["too-deep"]


def test_a_port_named_as_vxlans_is_one_even_where_geneve_lives():
    bodies = (build.vxlan(FRAMED, vni=7), build.geneve(FRAMED, vni=9), build.geneve(FRAMED, vni=9, options=DSR_4))
    packets = [build.ipv4(udp(body, 6081)[1], proto=17, **V4) for body in bodies]
    errors = [build.ipv4(build.icmp_error(packet), src="10.9.9.9", dst="192.0.2.1", proto=1) for packet in packets]
    data = build.pcap([(1, build.ethernet(packet)) for packet in (*packets, *errors)])
    for ports in ((6081,), (8472, 6081, 4789), ()):
        table = assert_same(data, ports)
        assert ("vxlan" in table["tunnel"].to_pylist()) is (6081 in ports)
