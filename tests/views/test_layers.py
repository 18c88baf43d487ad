from __future__ import annotations

from dataclasses import replace

from captools.model.addresses import to_bytes
from captools.views.layers import stacks


def test_a_vxlan_frame_is_fifty_bytes_larger_than_its_pod_packet(sample):
    (stack,) = stacks(sample.s2())
    assert [(layer.name, layer.size) for layer in stack.layers] == [
        ("Ethernet", 14), ("IPv4", 20), ("UDP", 8), ("VXLAN (tcpdump: OTV)", 8), ("Ethernet", 14), ("IPv4", 20),
        ("TCP", 32), ("payload", 1398),
    ]  # fmt: skip
    assert (stack.overhead, stack.ip_bytes, stack.mtu, stack.frame) == (50, 1500, 1500, 40)


def test_the_vni_is_named_by_its_identity(sample):
    (stack,) = stacks(sample.s2())
    assert stack.layers[3].detail == "instance 45966 = k8s:app=curl"


def test_an_ipv6_underlay_costs_seventy(sample):
    row = dict(sample.vxlan_rows()[2])
    row |= {"outer_src": to_bytes("2001:db8::1"), "outer_dst": to_bytes("2001:db8::2"), "wire_len": 144}
    (stack,) = stacks(replace(sample.s2(), packets=sample.table([row])))
    assert stack.overhead == 70
    assert sum(layer.size for layer in stack.layers) == 144


def test_geneve_options_are_what_the_known_headers_leave(sample):
    row = {**sample.vxlan_rows()[2], "tunnel": "geneve", "outer_dport": 6081, "wire_len": 136}
    (stack,) = stacks(replace(sample.s2(), packets=sample.table([row])))
    assert ("Geneve options", 12) in [(layer.name, layer.size) for layer in stack.layers]
    assert stack.overhead == 62


def test_a_super_frame_is_drawn_only_where_nothing_smaller_is_there(sample):
    big = {**sample.vxlan_rows()[-1], "frame": 41, "wire_len": 30_000, "ip_len": 29_936, "payload_len": 29_884}
    (stack,) = stacks(replace(sample.s2(), packets=sample.table([*sample.vxlan_rows(), big])))
    assert stack.frame == 40
    (stack,) = stacks(replace(sample.s2(), packets=sample.table([big])))
    assert stack.frame == 41


def test_a_wireguard_frame_hides_its_inside(sample):
    (stack,) = stacks(sample.s13())
    assert [(layer.name, layer.size) for layer in stack.layers] == [
        ("Ethernet", 14), ("IPv4", 20), ("UDP", 8), ("WireGuard data", 32), ("encrypted", 68),
    ]  # fmt: skip
    assert stack.overhead == 60


def test_no_tunnel_gives_no_drawing(sample):
    assert stacks(sample.s1()) == ()
    plain = [row for row in sample.vxlan_rows() if row["tunnel"] == "none"]
    assert stacks(replace(sample.s2(), packets=sample.table(plain))) == ()


def test_a_tunnel_that_carries_ip_has_no_inner_ethernet(sample):
    """Geneve with IPv4 right inside (RFC 8926, protocol type 0x0800), read by the decoder."""
    from captools.wire.bytesview import BytesView
    from captools.wire.decode import Naming, decode
    from captools.wire.index import read_records
    from captures.build import ethernet, geneve, ipv4, pcap, udp

    inner = ipv4(udp(b"x" * 20, sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17)
    for carried, sizes in ((inner, []), (ethernet(inner), [14])):
        kind = 0x6558 if sizes else 0x0800
        outer = udp(geneve(carried, vni=7, kind=kind), sport=9, dport=6081)
        data = pcap([(1, ethernet(ipv4(outer, src="192.0.2.1", dst="192.0.2.2", proto=17)))])
        packets = decode(BytesView(data), read_records(data, "t"), Naming(source="s", points=("n/e",)))
        (stack,) = stacks(replace(sample.s2(), packets=packets))
        assert [layer.size for layer in stack.layers if layer.name == "Ethernet"] == [14, *sizes]
        assert "Geneve options" not in [layer.name for layer in stack.layers]
