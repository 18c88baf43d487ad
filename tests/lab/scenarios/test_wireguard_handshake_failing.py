"""A wrong key, as recorded: whoever talks to or from k8s-w1 gets nothing, and its peers do expect another key."""

from __future__ import annotations

from captools.lab.scenarios.wireguard_handshake_failing import SCENARIO, WRONG
from captools.model.wireguard import Handshake
from captures import case
from tests.correlate.material import material

CASE = SCENARIO.id


def test_only_the_pods_of_the_other_two_nodes_reach_each_other():
    flows = case(CASE).truth["truth"]["flows"]
    answered = {(flow["src"], flow["dst"]): flow["answered"] for flow in flows}
    assert answered["172.20.0.88", "172.20.1.108"] == 0 and answered["172.20.1.108", "172.20.0.121"] == 0
    assert answered["172.20.0.88", "172.20.2.33"] > 0
    assert all(flow["way"][-1].endswith("/cilium_wg0") for flow in flows if not flow["answered"])


def test_the_key_of_the_node_is_not_the_one_that_its_peers_hold():
    nodes = {node.name: node.wireguard for node in material(CASE).cluster.nodes if node.wireguard}
    for peer in ("k8s-ctr", "k8s-w0"):
        assert nodes[WRONG].public_key not in {one.public_key for one in nodes[peer].peers}
    assert nodes["k8s-ctr"].public_key in {one.public_key for one in nodes["k8s-w0"].peers}


def test_each_handshake_with_it_is_repeated_and_never_answered():
    pairs = {(pair.a, pair.b): pair for pair in material(CASE).analysed().encryption.pairs}
    for way in (("k8s-ctr", WRONG), ("k8s-w0", WRONG)):
        shakes: tuple[Handshake, ...] = pairs[way].handshakes
        assert {one.result for one in shakes} == {"unanswered"} and "retry" in {one.kind for one in shakes}
        assert {one.kind for one in pairs[way].troubles} == {"ignored"}
    assert {one.result for one in pairs["k8s-ctr", "k8s-w0"].handshakes} == {"answered"}
