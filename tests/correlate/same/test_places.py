"""Places: a packet is seen twice at a router's interface, but only once at one place."""

from __future__ import annotations

from captools.correlate.same.places import nodes, places
from captools.correlate.sightings import sightings
from captures.build import ethernet, ipv4, pcap, sll2, udp, vxlan
from tests.correlate.same.wires import START, Segment, read
from tests.wire.conftest import decode_table

NODE = "192.0.2.11"


def test_ttl_tunnel_and_point_are_places_of_their_own():
    one = Segment()
    inner = one.at(0)[1]
    tunnelled = ethernet(ipv4(udp(vxlan(inner, vni=1), sport=1, dport=8472), src=NODE, dst="192.0.2.12", proto=17))
    rows = read({"a/e": [one.at(0), one.but(ttl=63).at(1), (START + 2, tunnelled), one.at(3)], "a/f": [one.at(4)]})
    first, routed, carried, again, elsewhere = places(rows).tolist()
    assert first == again
    assert len({first, routed, carried, elsewhere}) == 4


def test_in_and_out_of_any_are_two_places():
    frames = [(at, sll2(Segment().packet(), packet_type=kind)) for at, kind in enumerate((0, 4))]
    rows = sightings(decode_table({"router/any": pcap(frames, linktype=276)}))
    assert len(set(places(rows).tolist())) == 2


def test_points_of_one_node_share_its_clock_and_a_bare_point_has_its_own():
    one = Segment()
    rows = read({"a/e": [one.at(0)], "a/f": [one.at(0)], "b/e": [one.at(0)], "a": [one.at(0)], "b": [one.at(0)]})
    found = dict(zip([rows.point(row) for row in range(5)], nodes(rows).tolist(), strict=True))
    assert found["a/e"] == found["a/f"]
    assert len(set(found.values())) == 4
