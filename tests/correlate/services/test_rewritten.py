"""What became of a connection's addresses, and which node rewrote them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.services.rewritten import way_there
from captools.model.paths import Way
from captools.model.services import Rewriting
from tests.correlate.material import material
from tests.correlate.services.balancing import CLIENT, LB, PODS, VIP, Wire


def rewritten(wire: Wire) -> list[Rewriting]:
    analysis = wire.analysed()
    fronts, hidden = analysis.services.frontends, analysis.services.masquerades
    return [each for one in fronts for back in one.backings for each in back.connections] + [
        each for one in hidden for each in one.connections
    ]


def test_destination_and_source_behind_the_node_that_rewrote_them():
    (one,) = rewritten(Wire().call(PODS[0], source=LB, sport=61_000, target=8080))
    assert (one.flow.src, one.flow.dst, one.flow.dport) == (CLIENT, VIP, 80)
    assert (one.src, one.sport, one.dst, one.dport) == (LB, 61_000, PODS[0], 8080)
    assert (one.node, one.between) == ("lb", ("lb/eth0", "lb/eth1"))
    assert {proof.point: proof.shows for proof in one.evidence} == {
        "lb/eth0": f"before the translation: {CLIENT}:40001 > {VIP}:80",
        "lb/eth1": f"behind the translation: {LB}:61000 > {PODS[0]}:8080",
    }


def test_what_two_machines_show_may_have_been_rewritten_by_either_of_them():
    (one,) = rewritten(Wire().call(PODS[0], behind="n1__lxc1"))
    assert (one.node, one.between) == ("", ("lb/eth0", "n1/lxc1"))


def test_answers_alone_tell_it_as_well():
    analysis = Wire().call(PODS[0], source=LB).analysed()
    (path,) = analysis.paths
    there = [(hop.point, hop.dst) for hop in way_there(path)]
    assert there == [("lb/eth0", VIP), ("lb/eth1", PODS[0])]
    mirrored = way_there(replace(path, hops=path.ways(Way.REPLY)))
    assert [(hop.point, hop.src, hop.dst) for hop in mirrored] == [("lb/eth0", CLIENT, VIP), ("lb/eth1", LB, PODS[0])]


def test_without_a_beginning_the_ports_must_tell_who_asked():
    assert len(rewritten(Wire().call(PODS[0], opening=False))) == 1
    # Port 50000 may be a client's or a service's: turned round, a masquerade would be called a service.
    assert rewritten(Wire().call(PODS[0], port=50_000, target=50_000, opening=False)) == []
    assert len(rewritten(Wire().call(PODS[0], port=50_000, target=50_000))) == 1


def test_a_connection_that_nobody_rewrites_is_none():
    assert rewritten(Wire().call(PODS[0], vip=PODS[0])) == []


@pytest.mark.parametrize("name", ["s2-vxlan-overlay", "s13-wireguard-only", "no-fault"])
def test_tunnels_wrap_packets_and_rewrite_none(name):
    found = material(name).analysed().services
    assert found.frontends == () and found.masquerades == ()


def test_what_left_a_node_and_came_back_changed_was_changed_elsewhere():
    # The router sends to the VIP by the interface from which the translated packet comes back.
    one = material("s3-service-distribution").without("k8s-w1/eth1").analysed()
    backings = [back for front in one.services.frontends for back in front.backings if back.ip == "172.20.2.33"]
    outside = [each for back in backings for each in back.connections if each.flow.src == "192.168.10.200"]
    assert outside and {each.node for each in outside} == {""}
