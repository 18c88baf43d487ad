"""routing-black-hole: fires on S1 with the node's own table as proof, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.cluster import Route
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material

RULE = "routing-black-hole"


def test_it_names_the_interface_the_gateway_the_missing_route_and_the_remedy(fired):
    (one,) = fired(RULE, S1)
    assert (one.severity, one.confidence) == (Severity.ERROR, Confidence.PROVEN)
    for word in (
        "router/eth1",
        "router/eth0",
        "10.0.2.2",
        "172.20.2.0/24",
        "k8s-w0",
        "eth2",
        "172.20.0.88",
        "172.20.2.33",
    ):
        assert word in one.statement, word
    assert one.remedy == "on router: ip route add 172.20.2.0/24 via 192.168.20.100 dev eth2"
    assert one.subject["node"] == "router" and one.subject["dst"] == "172.20.2.33"


def test_it_tells_which_destinations_are_fine(fired):
    (one,) = fired(RULE, S1)
    hit, fine = one.statement.split("Destinations that answered")
    assert "172.20.1.108" in fine and "172.20.1.108" not in hit


def test_its_frames_are_at_the_way_in_and_at_the_wrong_way_out(fired):
    (one,) = fired(RULE, S1)
    assert {proof.point for proof in one.evidence} == {"router/eth1", "router/eth0"}
    assert all(proof.frames and proof.sha256 for proof in one.evidence)


@pytest.mark.parametrize("name", [S2, S8, S13, LEAK, FINE])
def test_it_is_silent_where_packets_arrive(fired, name):
    assert fired(RULE, name) == []


def test_it_is_less_sure_where_the_pods_node_was_not_captured(fired):
    (one,) = fired(RULE, material(S1).without("k8s-w0/eth1").analysed())
    assert one.confidence is Confidence.LIKELY
    assert "never" not in one.statement and "not seen again in these captures" in one.statement


def test_a_wrong_route_for_the_pod_network_is_not_called_missing_and_is_to_be_replaced(fired):
    one = material(S1)
    wrong = Route(prefix="172.20.2.0/24", via="10.0.2.2", dev="eth0")
    nodes = tuple(
        replace(node, routes=(*node.routes, wrong)) if node.name == "router" else node for node in one.cluster.nodes
    )
    (found,) = fired(RULE, replace(one, cluster=replace(one.cluster, nodes=nodes)).analysed())
    assert "the route 172.20.2.0/24 of router leads there" in found.statement and "no route" not in found.statement
    assert found.remedy == "on router: ip route replace 172.20.2.0/24 via 192.168.20.100 dev eth2"


def test_it_needs_the_nodes_own_routes(fired):
    one = material(S1)
    nodes = tuple(replace(node, routes=()) if node.name == "router" else node for node in one.cluster.nodes)
    assert fired(RULE, replace(one, cluster=replace(one.cluster, nodes=nodes)).analysed()) == []


def test_it_is_silent_where_the_table_does_lead_to_the_pods_node(fired):
    one = material(S1)
    right = Route(prefix="172.20.2.0/24", via="192.168.20.100", dev="eth2")
    nodes = tuple(
        replace(node, routes=(*node.routes, right)) if node.name == "router" else node for node in one.cluster.nodes
    )
    assert fired(RULE, replace(one, cluster=replace(one.cluster, nodes=nodes)).analysed()) == []


def test_a_device_that_wraps_packets_is_not_the_wrong_interface(fired):
    # The table sends them into cilium_wg0, where they wait for a handshake: that is another fault.
    assert fired("routing-black-hole", "wireguard-handshake-failing") == []
    assert fired("routing-black-hole", "wireguard-port-blocked") == []
