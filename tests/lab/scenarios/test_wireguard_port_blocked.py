"""A blocked port, as recorded: initiations come to the router and not behind it; the nodes themselves still talk."""

from __future__ import annotations

from captools.lab.scenarios.wireguard_port_blocked import FAR, SCENARIO
from captures import case
from tests.correlate.material import material

CASE = SCENARIO.id


def test_pods_behind_the_router_answer_nobody_but_their_node_does():
    flows = case(CASE).truth["truth"]["flows"]
    answered = {(flow["src"], flow["dst"]): flow["answered"] for flow in flows}
    assert answered["172.20.0.88", "172.20.2.33"] == 0 and answered["172.20.2.33", "172.20.1.108"] == 0
    assert answered["192.168.10.100", "192.168.20.100"] == 3 and answered["172.20.0.88", "172.20.1.108"] > 0


def test_no_datagram_of_wireguard_is_seen_on_both_sides_of_the_router():
    packets = material(CASE).packets
    sides = {
        "k8s-ctr/eth1": set(),
        "k8s-w1/eth1": set(),
        "router/eth1": set(),
        "router/eth2": set(),
        "k8s-w0/eth1": set(),
    }
    for point, sender, kind in zip(
        *(packets[name].to_pylist() for name in ("point", "wg_sender", "wg_type")), strict=True
    ):
        if kind == 1:
            sides[point].add(sender)
    assert sides["router/eth1"] and sides["router/eth2"]
    assert not sides["router/eth1"] & (sides["router/eth2"] | sides["k8s-w0/eth1"])
    assert not sides["router/eth2"] & (sides["k8s-ctr/eth1"] | sides["k8s-w1/eth1"])


def test_the_pairs_over_the_router_are_blocked_and_the_one_beside_it_is_fine():
    pairs = {(pair.a, pair.b): pair for pair in material(CASE).analysed().encryption.pairs}
    for way in (("k8s-ctr", FAR), (FAR, "k8s-w1")):
        assert {one.kind for one in pairs[way].troubles} <= {"blocked", "unreached"} and pairs[way].troubles
    assert pairs["k8s-ctr", "k8s-w1"].troubles == () and pairs["k8s-ctr", "k8s-w1"].wireguard_packets > 0
