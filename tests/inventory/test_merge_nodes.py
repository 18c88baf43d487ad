from __future__ import annotations

from captools.inventory.ledger import Ledger
from captools.inventory.merge_nodes import join, pod_device, with_ipcache, with_own_routes
from captools.model.cluster import IpcacheEntry, Link, Neighbour, Node, Route, Rule, WireGuard


def test_links_of_ip_link_and_ip_addr_become_one_list() -> None:
    ledger = Ledger()
    node = join(
        "n",
        [
            ("link", Node(name="n", links=(Link(index=2, name="eth0", mac="02:00:00:00:00:01", kind="veth"),))),
            ("addr", Node(name="n", links=(Link(index=2, name="eth0", mtu=1500, addresses=("10.0.2.15",)),))),
        ],
        ledger,
    )
    (link,) = node.links
    assert (link.mac, link.kind, link.mtu, link.addresses) == ("02:00:00:00:00:01", "veth", 1500, ("10.0.2.15",))
    assert ledger.warnings() == ()


def test_an_index_with_two_names_and_a_mac_that_changed_are_warned_of() -> None:
    ledger = Ledger()
    join(
        "n",
        [
            ("a", Node(name="n", links=(Link(index=2, name="eth0", mac="02:00:00:00:00:01"), Link(index=3, name="lxc1")))),
            ("b", Node(name="n", links=(Link(index=2, name="eth0", mac="02:00:00:00:00:02"), Link(index=3, name="lxc2")))),
        ],
        ledger,
    )  # fmt: skip
    text = " ".join(ledger.warnings())
    assert "n/eth0: MAC address" in text
    assert "interface 3 is lxc1" in text


def test_tables_of_several_files_are_added_up_without_doubles() -> None:
    route, rule = Route(prefix="10.0.0.0/8", dev="eth0"), Rule(priority=0, table="local")
    neighbour, device = Neighbour(address="10.0.0.1", mac="", dev="eth0"), WireGuard(interface="cilium_wg0")
    part = Node(name="n", routes=(route,), rules=(rule,), neighbours=(neighbour,), wireguard=device)
    node = join("n", [("a", part), ("b", part)], Ledger())
    assert (node.routes, node.rules, node.neighbours, node.wireguard) == ((route,), (rule,), (neighbour,), device)


def test_the_node_part_of_the_pod_network_is_read_from_its_own_routes() -> None:
    node = Node(
        name="n",
        routes=(
            Route(prefix="172.20.0.0/24", via="172.20.0.43", dev="cilium_host", src="172.20.0.43"),
            Route(prefix="172.20.1.0/24", via="172.20.0.43", dev="cilium_host", src="172.20.0.43"),
            Route(prefix="172.20.0.43/32", dev="cilium_host"),
        ),
    )
    found = with_own_routes(node)
    assert (found.cilium_host, found.pod_cidrs) == ("172.20.0.43", ("172.20.0.0/24",))


def test_a_machine_without_cilium_host_gets_no_pod_network() -> None:
    node = Node(name="router", routes=(Route(prefix="10.0.2.0/24", dev="eth0", src="10.0.2.15"),))
    assert with_own_routes(node) == node


def test_the_ipcache_tells_what_is_missing_and_overrules_nothing() -> None:
    entries = [
        IpcacheEntry(prefix="172.20.2.0/24", identity=2, tunnel_endpoint="192.168.20.100"),
        IpcacheEntry(prefix="172.20.2.241/32", identity=6, tunnel_endpoint="192.168.20.100"),
        IpcacheEntry(prefix="172.20.2.99/32", identity=8),
        IpcacheEntry(prefix="192.168.20.100/32", identity=6),
        IpcacheEntry(prefix="0.0.0.0/0", identity=2),
    ]
    empty = with_ipcache(Node(name="k8s-w0", internal_ip="192.168.20.100"), entries)
    assert (empty.pod_cidrs, empty.cilium_host, empty.ingress) == (("172.20.2.0/24",), "172.20.2.241", "172.20.2.99")
    told = Node(name="k8s-w0", internal_ip="192.168.20.100", pod_cidrs=("172.20.2.0/24",), cilium_host="172.20.2.1",
                ingress="172.20.2.2")  # fmt: skip
    assert with_ipcache(told, entries) == told


def test_an_endpoint_route_leads_from_a_pod_to_its_device() -> None:
    assert pod_device(Route(prefix="172.20.0.88/32", dev="lxcabc")) == ("172.20.0.88", "lxcabc")
    assert pod_device(Route(prefix="172.20.0.0/24", dev="lxcabc")) is None
    assert pod_device(Route(prefix="172.20.0.88/32", dev="eth1")) is None


def test_tables_of_the_end_stand_apart_and_only_where_they_differ() -> None:
    start = Node(name="n", routes=(Route(prefix="10.0.0.0/8", dev="eth0"),), rules=(Rule(priority=0, table="local"),))
    end = Node(name="n", routes=(Route(prefix="10.0.0.0/8", dev="eth1"),), rules=start.rules)
    node = join("n", [("n__ip-route.json", start), ("n__ip-route-stop.json", end)], Ledger())
    assert (node.routes, node.routes_at_end, node.rules_at_end) == (start.routes, end.routes, None)
    alone = join("n", [("n__ip-route-stop.json", end)], Ledger())
    assert (alone.routes, alone.routes_at_end) == (end.routes, None)
