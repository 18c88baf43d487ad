"""Interfaces by role."""

from __future__ import annotations

from captools.collect.facts import Interface, NodeFacts, NodeRoute
from captools.collect.planning.roles import interfaces_by_role, is_physical, role_of_interface
from captools.model.cluster import Cluster, Node
from captools.model.points import Role


def ether(name, kind="", **more):
    return Interface(name=name, kind=kind, link_type="ether", **more)


W1 = NodeFacts(
    interfaces=(
        Interface(name="lo", link_type="loopback"),
        ether("eth0", "veth", addresses=("10.0.2.15",)),
        ether("eth1", "veth", addresses=("192.168.10.101",)),
        ether("eth2", "veth", addresses=("10.77.0.1",)),
        ether("eth3", "veth", up=False),
        ether("cilium_host", "veth"),
        ether("cilium_vxlan", "vxlan"),
        Interface(name="cilium_wg0", kind="tun", link_type="none"),
        ether("lxc1", "veth"),
        ether("lxc_health", "veth"),
        ether("docker0", "bridge"),
        ether("veth12", "veth", master="docker0"),
    ),
    routes=(
        NodeRoute(prefix="default", device="eth0"),
        NodeRoute(prefix="192.168.20.0/24", device="eth1"),
        NodeRoute(prefix="172.20.2.0/24", device="cilium_vxlan"),
    ),
)
CLUSTER = Cluster(
    nodes=(
        Node(name="k8s-w1", internal_ip="192.168.10.101", in_cluster=True),
        Node(name="k8s-w0", internal_ip="192.168.20.100", pod_cidrs=("172.20.2.0/24",), in_cluster=True),
    )
)
ROUTER = NodeFacts(
    interfaces=(Interface(name="lo", link_type="loopback"), *map(ether, ("eth0", "eth1", "eth2", "loop1")))
)


def test_a_cluster_nodes_cards_are_those_towards_nodes_and_the_default_route():
    assert interfaces_by_role(W1, Role.NIC, CLUSTER, "k8s-w1") == ("eth0", "eth1")


def test_without_an_inventory_every_card_that_is_up_counts():
    assert interfaces_by_role(W1, Role.NIC, Cluster(), "k8s-w1") == ("eth0", "eth1", "eth2")


def test_a_machine_without_cilium_gives_every_physical_interface():
    assert interfaces_by_role(ROUTER, Role.NIC, CLUSTER, "router") == ("eth0", "eth1", "eth2", "loop1")
    assert role_of_interface(ROUTER, "loop1") is Role.NIC and role_of_interface(ROUTER, "lo") is Role.OTHER


def test_tunnel_wireguard_and_pods_go_by_what_they_are():
    assert interfaces_by_role(W1, Role.TUNNEL, CLUSTER, "k8s-w1") == ("cilium_vxlan",)
    assert interfaces_by_role(W1, Role.WIREGUARD, CLUSTER, "k8s-w1") == ("cilium_wg0",)
    assert interfaces_by_role(W1, Role.PODS, CLUSTER, "k8s-w1") == ("lxc1", "lxc_health")
    assert interfaces_by_role(W1, Role.ANY, CLUSTER, "k8s-w1") == ("any",)


def test_bridges_their_veth_ports_bond_members_and_loopback_are_not_physical():
    assert not is_physical(ether("docker0", "bridge")) and not is_physical(ether("veth1", "veth", master="cni0"))
    assert not is_physical(ether("eth5", master="bond0")) and is_physical(ether("bond0", "bond"))
    assert is_physical(ether("eth0", master="br0")) and not is_physical(Interface(name="tun0", link_type="none"))
