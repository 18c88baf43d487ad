"""Node.route_to against the kernel's own `ip route get`, and what a Cluster answers about addresses."""

from __future__ import annotations

import json

import pytest

from captools.inventory.read import read_inventory
from captools.model.cluster import AddressKind, Cluster, Link, Node, Pod, Route, Rule, Service

SETUP = """
link set lo up
link add eth0 type veth peer name far0
link add eth1 type veth peer name far1
addr add 10.0.2.15/24 dev eth0
addr add 192.168.10.100/24 dev eth1
addr add fd00:10::100/64 dev eth1 nodad
link set far0 up
link set far1 up
link set eth0 up
link set eth1 up
route add default via 10.0.2.2 dev eth0 metric 100
route add default via 192.168.10.1 dev eth1 metric 200
route add 10.96.0.0/16 via 192.168.10.7 dev eth1 metric 50
route add 10.96.0.0/16 via 192.168.10.8 dev eth1 metric 40
route add 172.20.0.0/16 via 192.168.10.200 dev eth1
route add 172.20.1.0/24 via 192.168.10.101 dev eth1
route add 172.20.1.7/32 dev eth0
route add 172.20.2.0/24 table 45966 via 192.168.10.9 dev eth1
route add blackhole 172.20.9.0/24
route add unreachable 172.20.8.0/24
route add prohibit 172.20.7.0/24
route add throw 172.20.6.0/24 table 77
route add 172.20.0.0/16 table 77 via 192.168.10.77 dev eth1
route add 203.0.113.0/24 via 192.168.10.55 dev eth1 table 88
route add default via fd00:10::1 dev eth1
route add fd00:20::/64 via fd00:10::2 dev eth1
rule add from 172.20.0.88 lookup 45966 priority 100
rule add from 172.20.3.0/24 lookup 77 priority 110
rule add fwmark 0x200/0xf00 lookup 88 priority 9
rule add iif eth1 lookup 88 priority 10
rule add to 203.0.113.128/25 lookup 88 priority 120
rule add not to 0.0.0.0/1 lookup 77 priority 130
rule add to 198.51.100.0/24 prohibit priority 140
rule add ipproto tcp dport 80 lookup 88 priority 150
addr add 172.20.0.88/32 dev lo
addr add 172.20.3.5/32 dev lo
"""
QUESTIONS = [
    ("8.8.8.8", ""), ("10.96.3.4", ""), ("172.20.0.5", ""), ("172.20.1.5", ""), ("172.20.1.7", ""),
    ("172.20.2.33", ""), ("172.20.2.33", "172.20.0.88"), ("172.20.2.33", "10.0.2.15"), ("172.20.0.5", "172.20.3.5"),
    ("172.20.6.1", "172.20.3.5"), ("172.20.9.1", ""), ("172.20.8.1", ""), ("172.20.7.1", ""), ("203.0.113.1", ""),
    ("203.0.113.200", ""), ("198.51.100.3", ""), ("192.168.10.100", ""), ("192.168.10.44", ""), ("10.0.2.15", ""),
    ("127.0.0.9", ""), ("fd00:20::5", ""), ("2001:db8::1", ""), ("fd00:10::100", ""), ("192.168.10.255", ""),
]  # fmt: skip


@pytest.mark.lab
def test_route_to_answers_what_the_kernel_answers(in_namespace) -> None:
    in_namespace("ip", "-batch", "-", stdin=SETUP)
    files = {
        "n__ip-route.json": in_namespace("ip", "-j", "route", "show", "table", "all"),
        "n__ip-rule.json": in_namespace("ip", "-j", "rule"),
    }
    node = read_inventory(files).node("n")
    assert node is not None
    differing = []
    for address, source in QUESTIONS:
        asked = ["ip", "-j", "route", "get", address, *(["from", source] if source else [])]
        answer = in_namespace(*asked, check=False)
        route = node.route_to(address, source=source)
        if not answer.strip():  # the kernel refuses: no route, blackhole, unreachable, prohibit
            same = route is None or route.kind in ("blackhole", "unreachable", "prohibit")
        else:
            kernel = json.loads(answer)[0]
            local = kernel.get("type", "unicast") == "local"
            same = route is not None and (
                route.kind == "local" if local else (route.via, route.dev) == (kernel.get("gateway", ""), kernel["dev"])
            )
        if not same:
            differing.append((address, source, answer, route))
    assert differing == []


@pytest.mark.lab
def test_a_packet_that_matches_no_table_has_no_route(in_namespace) -> None:
    in_namespace("ip", "link", "set", "lo", "up")
    node = read_inventory(
        {"n__ip-route.json": in_namespace("ip", "-j", "route", "show", "table", "all")}
    ).node("n")  # fmt: skip
    assert in_namespace("ip", "route", "get", "8.8.8.8", check=False) == ""
    assert node is not None
    assert node.route_to("8.8.8.8") is None


def route(prefix: str, **more: object) -> Route:
    return Route(prefix=prefix, **more)  # type: ignore[arg-type]


def test_without_rules_the_tables_are_asked_in_the_kernels_own_order() -> None:
    node = Node(name="n", routes=(route("10.0.0.0/8", dev="main"), route("10.0.0.0/8", dev="own", table="local")))
    found = node.route_to("10.1.2.3")
    assert found is not None
    assert found.dev == "own"


def test_a_rule_that_suppresses_the_default_route_goes_on_to_the_next_table() -> None:
    node = Node(
        name="n",
        routes=(route("0.0.0.0/0", dev="eth0"), route("0.0.0.0/0", dev="wg0", table="51820"), route("10.0.0.0/8", dev="eth1")),
        rules=(
            Rule(priority=1, table="main", suppress_prefixlen=0),
            Rule(priority=2, table="51820"),
        ),
    )  # fmt: skip
    assert getattr(node.route_to("10.1.1.1"), "dev", None) == "eth1"
    assert getattr(node.route_to("8.8.8.8"), "dev", None) == "wg0"


def test_a_dead_next_hop_is_passed_over() -> None:
    node = Node(name="n", routes=(route("10.0.0.0/8", dev="down", dead=True), route("0.0.0.0/0", dev="eth0")))
    assert getattr(node.route_to("10.1.1.1"), "dev", None) == "eth0"


def test_a_rule_that_refuses_is_an_answer_and_not_a_missing_route() -> None:
    node = Node(
        name="n",
        routes=(route("0.0.0.0/0", dev="eth0"),),
        rules=(Rule(priority=1, table="", destination="10.0.0.0/8", action="prohibit"), Rule(priority=2, table="main")),
    )
    assert getattr(node.route_to("10.1.1.1"), "kind", None) == "prohibit"


CLUSTER = Cluster(
    nodes=(
        Node(name="w1", internal_ip="192.168.10.101", cilium_host="172.20.1.12", ingress="172.20.1.35",
             pod_cidrs=("172.20.1.0/24",), in_cluster=True,
             links=(Link(index=2, name="eth0", addresses=("10.0.2.15",)),)),
        Node(name="w2", internal_ip="192.168.10.102", pod_cidrs=("172.20.2.0/24",), in_cluster=True,
             links=(Link(index=2, name="eth0", addresses=("10.0.2.15",)),)),
        Node(name="router", links=(Link(index=3, name="eth2", addresses=("192.168.20.200",)),)),
    ),
    pods=(Pod(namespace="default", name="web", ip="172.20.1.108", node="w1"),
          Pod(namespace="kube-system", name="proxy", ip="192.168.10.101", node="w1", host_network=True)),
    services=(Service(namespace="default", name="web", cluster_ips=("10.96.0.7",), vips=("192.168.10.211",)),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("address", "node", "kind", "name"),
    [
        ("172.20.1.108", "", AddressKind.POD, "default/web"),
        ("172.20.1.12", "", AddressKind.CILIUM_HOST, "cilium_host of w1"),
        ("172.20.1.35", "", AddressKind.INGRESS, "ingress of w1"),
        ("192.168.10.101", "", AddressKind.NODE, "w1"),
        ("10.96.0.7", "", AddressKind.SERVICE, "default/web"),
        ("192.168.10.211", "", AddressKind.VIP, "default/web"),
        ("10.0.2.15", "w1", AddressKind.NODE, "w1"),
        ("10.0.2.15", "w2", AddressKind.NODE, "w2"),
        ("10.0.2.15", "", AddressKind.OTHER, ""),  # it is on every node, so it names none
        ("192.168.20.200", "", AddressKind.OTHER, "router"),
        ("8.8.8.8", "", AddressKind.OTHER, ""),
    ],
)
def test_an_address_is_known_as_what_the_cluster_uses_it_for(
    address: str, node: str, kind: AddressKind, name: str
) -> None:
    assert (CLUSTER.kind(address, node=node), CLUSTER.name(address, node=node)) == (kind, name)


def test_services_that_share_an_address_are_told_apart_by_port() -> None:
    vip = "192.168.10.214"
    web = Service(namespace="d", name="web", vips=(vip,), ports=((80, 8080),), node_ports=((30080, 80),))
    shop = Service(namespace="d", name="shop", vips=(vip,), cluster_ips=("10.96.0.8",), ports=((443, 8443),))
    cluster = Cluster(nodes=CLUSTER.nodes, services=(web, shop))
    assert (cluster.service_at(vip, 80), cluster.service_at(vip, 443), cluster.service_at(vip, 22)) == (web, shop, None)
    assert cluster.services_at(vip) == (web, shop) and cluster.service_at(vip, None) is None
    assert (cluster.name(vip, port=443), cluster.name(vip)) == ("d/shop", "d/web or d/shop")
    assert cluster.service_at("192.168.10.101", 30080) == web  # a node port, on any node
    assert cluster.service_at("192.168.10.101", 80) is None
    assert (shop.full_name, shop.addresses) == ("d/shop", ("10.96.0.8", vip))


def test_a_mac_names_its_node_and_link_only_where_nobody_else_has_it() -> None:
    def node(name: str, mac: str) -> Node:
        return Node(name=name, links=(Link(index=2, name="eth1", mac=mac),))

    mine, twice = "02:00:00:00:00:01", "02:00:00:00:00:02"
    cluster = Cluster(nodes=(node("a", mine), node("b", twice), node("c", twice), node("d", "")))
    found = cluster.node_of_mac(mine)
    assert found is not None and (found[0].name, found[1].name) == ("a", "eth1")
    assert (cluster.node_of_mac(twice), cluster.node_of_mac(""), cluster.node_of_mac("02:ff:ff:ff:ff:ff")) == (
        None,
    ) * 3


def test_a_pod_address_belongs_to_its_pods_node_and_else_to_the_node_of_its_range() -> None:
    moved = Cluster(nodes=CLUSTER.nodes, pods=(Pod(namespace="default", name="web", ip="172.20.1.108", node="w2"),))
    assert [getattr(one.node_of_pod_address("172.20.1.108"), "name", None) for one in (moved, CLUSTER)] == ["w2", "w1"]
    assert getattr(CLUSTER.node_of_pod_address("172.20.2.9"), "name", None) == "w2"
    assert CLUSTER.node_of_pod_address("192.168.10.101") is None and CLUSTER.pod_of("192.168.10.101") is None


def test_an_identity_is_called_by_its_reserved_name_its_own_labels_or_its_number() -> None:
    labels = ("k8s:app=webpod", "k8s:io.kubernetes.pod.namespace=default")
    cluster = Cluster(identities={62886: labels, 7777: ()})
    named = [cluster.identity_name(number) for number in (1, 8, 62886, 7777, 9999, None)]
    assert named == ["reserved:host", "reserved:ingress", "k8s:app=webpod", "7777", "9999", ""]


def test_an_empty_cluster_knows_nothing_and_fails_at_nothing() -> None:
    empty = Cluster()
    assert (empty.kind("10.0.0.1"), empty.name("10.0.0.1"), empty.pod_of("10.0.0.1")) == (AddressKind.OTHER, "", None)
    assert (empty.node("x"), empty.node_of_underlay(""), empty.node_of_pod_address("10.0.0.1")) == (None, None, None)


def test_routes_tell_own_addresses_where_no_list_of_links_does():
    # ip-route(8): src is an address of this host, else the kernel refuses the route.
    route = Route(prefix="10.0.2.0/24", dev="eth0", src="10.0.2.15")
    cluster = Cluster(nodes=(Node(name="a", routes=(route,)), Node(name="b", routes=(route,))))
    assert cluster.kind("10.0.2.15", node="a") is AddressKind.NODE
    assert cluster.name("10.0.2.15") == "" and cluster.name("10.0.2.15", node="b") == "b"


def test_a_load_balancers_address_is_a_services_or_of_a_pool():
    shop = Service(namespace="default", name="shop", cluster_ips=("10.96.0.9",), vips=("192.168.10.211",))
    cluster = Cluster(services=(shop,), pools=("192.168.10.212/30",))
    assert [cluster.is_vip(one) for one in ("192.168.10.211", "192.168.10.215", "10.96.0.9", "192.168.10.1")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_the_holder_of_a_lease_announces_its_service() -> None:
    web = Service(namespace="shop", name="web")
    cluster = Cluster(services=(web,), leases=(("shop-web", "n1"), ("shop-api", "n2"), ("shop-web", "n1")))
    assert cluster.announcers(web) == ("n1",) and Cluster().announcers(web) == ()
