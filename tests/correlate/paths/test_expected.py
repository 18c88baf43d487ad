"""Expected points: on every reference case the tables' way is the way that the packets took."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.paths.expected import Guide
from captools.model.cluster import Cluster, Link, Neighbour, Node, Route, Service
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material
from tests.correlate.paths.scenes import A_IP, A_POD, B_IP, B_POD, cluster, link


def points(of: Cluster, node: str = "a", src: str = A_POD, dst: str = B_POD) -> list[str]:
    return [step.point for step in Guide(of).whole(node, src, dst).steps]


def changed(of: Cluster, name: str, **changes: object) -> Cluster:
    return replace(of, nodes=tuple(replace(n, **changes) if n.name == name else n for n in of.nodes))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [S1, S2, S13, FINE, "bulk-vxlan"])
def test_the_tables_tell_the_way_that_every_packet_of_the_reference_cases_took(name):
    paths = material(name).analysed().paths
    assert paths
    for path in paths:
        for way in {hop.way for hop in path.hops}:
            walked = [one.point for one in path.expected if one.way is way]
            taken = [hop.point for hop in path.ways(way)]
            assert walked == taken, (name, str(path.flow), way)


@pytest.mark.parametrize("name", [S8, "masquerade", "proxy-requests", "demo-skewed"])
def test_behind_proxies_and_nat_and_with_clocks_set_wrong_the_tables_agree_as_well(name):
    for path in material(name).analysed().paths:
        assert {hop.point for hop in path.hops} <= {one.point for one in path.expected}, str(path.flow)
        assert all(one.seen for one in path.expected), str(path.flow)


def test_the_leak_is_seen_where_no_table_sends_it_and_not_where_encryption_should_have_taken_it():
    leaking = [
        p for p in material(LEAK).analysed().paths if (p.flow.src, p.flow.dst) == ("172.20.0.88", "172.20.1.108")
    ]
    assert leaking
    for path in leaking:
        missing = [(one.way.value, one.point, one.blind) for one in path.expected if not one.seen]
        assert missing == [("forward", "k8s-ctr/cilium_wg0", ""), ("forward", "k8s-w1/cilium_wg0", "")]


def test_over_a_router_the_way_goes_from_table_to_table():
    assert points(cluster()) == ["a/lxca", "a/eth0", "r/eth1", "r/eth2", "b/eth0", "b/lxcb"]
    assert Guide(cluster()).walk("a", A_POD, B_POD).end == ""


def test_cilium_in_tunnel_mode_goes_past_the_route_through_cilium_host():
    # What ip route shows on a real node: V/pkg/datapath/linux/node.go installs it via cilium_host.
    routes = (Route(prefix="10.0.2.0/24", via="10.0.1.1", dev="cilium_host"),
              Route(prefix="0.0.0.0/0", via="192.0.2.254", dev="eth0"))  # fmt: skip
    one = cluster(config={"routing-mode": "tunnel", "tunnel-protocol": "vxlan"})
    for name in ("a", "b"):
        node = one.node(name)
        assert node is not None
        one = changed(one, name, links=(*node.links, link(8, "cilium_vxlan", kind="vxlan"), link(9, "cilium_host")))
    one = changed(one, "a", routes=routes)
    walk = Guide(one).walk("a", A_POD, B_POD)
    assert [(step.point, step.carried) for step in walk.steps] == [
        ("a/cilium_vxlan", "plain"), ("a/eth0", "vxlan"), ("r/eth1", "vxlan"), ("r/eth2", "vxlan"), ("b/eth0", "vxlan"),
        ("b/cilium_vxlan", "plain"), ("b/lxcb", "plain"),
    ]  # fmt: skip
    assert walk.steps[1].outer == (A_IP, B_IP)


def test_cilium_takes_pods_into_wireguard_although_no_route_says_so():
    one = cluster(config={"enable-wireguard": "true", "routing-mode": "native"})
    for name in ("a", "b"):
        node = one.node(name)
        assert node is not None
        one = changed(one, name, links=(*node.links, link(8, "cilium_wg0", kind="wireguard")))
    walk = Guide(one).walk("a", A_POD, B_POD)
    assert [(s.point, s.carried) for s in walk.steps][:2] == [("a/cilium_wg0", "plain"), ("a/eth0", "wireguard")]
    assert [s.point for s in walk.steps][-2:] == ["b/cilium_wg0", "b/lxcb"]
    # A node's own packets are not covered by default.
    assert [s.point for s in Guide(one).walk("a", A_IP, B_IP).steps][0] == "a/eth0"


def test_a_service_address_is_followed_to_the_node_that_answers_for_it_and_no_further():
    vip = "192.0.2.77"
    service = Service(namespace="d", name="s", vips=(vip,), cluster_ips=("10.96.0.1",))
    one = cluster(services=(service,))
    b = one.node("b")
    assert b is not None
    one = changed(one, "r", neighbours=(Neighbour(address=vip, mac=b.links[0].mac, dev="eth1"),))
    walk = Guide(one).walk("r", "192.0.2.9", vip)
    assert [step.point for step in walk.steps] == ["r/eth1", "b/eth0"] and "answers for the service address" in walk.end
    assert "10.96.0.1 is a service address" in Guide(one).walk("a", A_POD, "10.96.0.1").end


@pytest.mark.parametrize(
    ("route", "says"),
    [
        (Route(prefix="10.0.2.0/24", via="192.0.2.99", dev="eth0"), "hands it to 192.0.2.99 by eth0, which no node"),
        (Route(prefix="10.0.2.0/24", kind="blackhole"), "refuses 10.0.2.5: its route 10.0.2.0/24 is blackhole"),
        (Route(prefix="10.9.0.0/16", dev="eth0"), "has no route to 10.0.2.5"),
    ],
)
def test_where_no_table_leads_on_the_walk_ends_and_says_why(route, says):
    assert says in Guide(changed(cluster(), "a", routes=(route,))).walk("a", A_POD, B_POD).end


def test_an_address_that_several_nodes_have_names_none_of_them():
    other = Node(name="x", links=(Link(index=1, name="eth0", addresses=("192.0.2.254",)),))
    one = cluster()
    one = replace(one, nodes=(*one.nodes, other))
    walk = Guide(one).walk("a", A_POD, B_POD)
    assert [step.point for step in walk.steps] == ["a/eth0"] and "several nodes are" in walk.end


def test_tables_that_point_at_each_other_end_as_a_circle():
    one = changed(cluster(), "r", routes=(Route(prefix="10.0.2.0/24", via=A_IP, dev="eth1"),))
    assert "round in a circle" in Guide(one).walk("a", A_POD, B_POD).end


def test_an_unknown_node_or_pod_interface_is_said():
    assert "no inventory knows zz" in Guide(cluster()).walk("zz", A_POD, B_POD).end
    one = cluster()
    one = replace(one, pods=tuple(replace(pod, interface="") for pod in one.pods))
    assert "interface of d/b on b is not known" in Guide(one).walk("b", A_POD, B_POD).end
