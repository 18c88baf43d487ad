"""The readers of ip(8)'s output: against the real program in a namespace, and by hand where that is no matter of luck."""

from __future__ import annotations

import pytest

from captools.inventory import linux
from captools.inventory.values import NotAsClaimed
from captools.model.cluster import Node, Route

SETUP = """
link set lo up
link add eth0 address 02:00:00:00:00:15 type veth peer name far0
link add eth1 type veth peer name far1
link add cilium_host type veth peer name cilium_net
link add cilium_vxlan type vxlan external dstport 8472
addr add 10.0.2.15/24 dev eth0
addr add 192.168.10.100/24 dev eth1
addr add 192.168.10.211/32 dev eth1
addr add fd00:10::100/64 dev eth1 nodad
addr add 172.20.0.43/32 dev cilium_host
link set eth0 up
link set far0 up
link set eth1 up
link set far1 up
link set cilium_host up
link set cilium_net up
link set cilium_vxlan up
route add default via 10.0.2.2 dev eth0 proto dhcp src 10.0.2.15 metric 100
route add default via fd00:10::1 dev eth1
route add 172.20.0.0/24 via 172.20.0.43 dev cilium_host src 172.20.0.43
route add 172.20.2.0/24 table 45966 encap ip id 45966 dst 192.168.20.100 via 169.254.1.1 dev cilium_vxlan onlink
route add 198.51.100.0/24 nexthop via 10.0.2.2 dev eth0 weight 1 nexthop via 192.168.10.1 dev eth1 weight 3
route add blackhole 172.20.9.0/24
rule add from 172.20.0.88 lookup 45966 priority 100
rule add fwmark 0x200/0xf00 lookup 2004 priority 9
rule add from 10.9.0.0/16 blackhole priority 62
rule add not to 10.0.0.0/8 iif lo lookup 55 priority 70
rule add ipproto tcp dport 80 lookup 55 priority 71
neigh add 192.168.10.1 lladdr 08:00:27:00:00:01 dev eth1 nud permanent
neigh add 192.168.10.9 dev eth1 nud failed
"""


def only(facts: linux.Facts) -> Node:
    (node,) = facts.nodes
    return node


def by_prefix(node: Node, prefix: str, table: str = "main") -> list[Route]:
    return [route for route in node.routes if (route.prefix, route.table) == (prefix, table)]


@pytest.fixture
def ip(in_namespace):
    """The program ip, in a namespace that was set up as above."""
    in_namespace("ip", "-batch", "-", stdin=SETUP)
    return lambda *argv: in_namespace("ip", *argv)


@pytest.mark.lab
def test_links_of_the_real_ip_carry_index_mac_mtu_and_kind(ip) -> None:
    node = only(linux.read_links(ip("-d", "-j", "link"), "n"))
    eth0, vxlan, lo = node.link("eth0"), node.link("cilium_vxlan"), node.link("lo")
    assert eth0 is not None
    assert (eth0.mac, eth0.mtu, eth0.kind, eth0.state) == ("02:00:00:00:00:15", 1500, "veth", "UP")
    assert vxlan is not None
    assert vxlan.kind == "vxlan"
    assert lo is not None
    assert (lo.index, lo.mac, lo.kind) == (1, "", "loopback")
    shown = ip("-o", "link", "show", "eth0").partition(":")[0]
    assert eth0.index == int(shown)


@pytest.mark.lab
def test_addresses_of_the_real_ip_stand_in_kernel_order_and_tell_cilium_host(ip) -> None:
    node = only(linux.read_links(ip("-j", "addr"), "n"))
    eth1 = node.link("eth1")
    assert eth1 is not None
    assert eth1.addresses[:3] == ("192.168.10.100", "192.168.10.211", "fd00:10::100")
    assert node.cilium_host == "172.20.0.43"


@pytest.mark.lab
def test_an_encapsulated_route_of_the_real_ip_keeps_prefix_and_tunnel_peer(ip) -> None:
    for text, read in (
        (ip("-j", "route", "show", "table", "all"), linux.read_routes_json),
        (ip("route", "show", "table", "all"), linux.read_routes_text),
    ):
        (route,) = by_prefix(only(read(text, "n")), "172.20.2.0/24", "45966")
        assert (route.via, route.dev) == ("169.254.1.1", "cilium_vxlan")
        assert (route.encap_id, route.encap_dst, route.src) == (45966, "192.168.20.100", "")


@pytest.mark.lab
def test_text_and_json_of_the_real_ip_give_the_same_routes(ip) -> None:
    as_json = only(linux.read_routes_json(ip("-j", "route", "show", "table", "all"), "n"))
    as_text = only(linux.read_routes_text(ip("route", "show", "table", "all"), "n"))
    assert set(as_text.routes) == set(as_json.routes)
    assert len(as_json.routes) > 20


@pytest.mark.lab
def test_defaults_of_both_families_and_refusals_are_told_apart(ip) -> None:
    node = only(linux.read_routes_json(ip("-j", "route", "show", "table", "all"), "n"))
    (four,), (six,) = by_prefix(node, "0.0.0.0/0"), by_prefix(node, "::/0")
    assert (four.via, four.src, four.metric) == ("10.0.2.2", "10.0.2.15", 100)
    assert (six.via, six.dev) == ("fd00:10::1", "eth1")
    assert [route.kind for route in by_prefix(node, "172.20.9.0/24")] == ["blackhole"]
    assert {route.via for route in by_prefix(node, "198.51.100.0/24")} == {"10.0.2.2", "192.168.10.1"}


@pytest.mark.lab
def test_rules_of_the_real_ip_keep_every_selector(ip) -> None:
    node = only(linux.read_rules(ip("-j", "rule"), "n"))
    rules = {rule.priority: rule for rule in node.rules}
    assert (rules[0].table, rules[32766].table, rules[32766].source) == ("local", "main", "all")
    assert (rules[100].source, rules[100].table) == ("172.20.0.88/32", "45966")
    assert rules[9].fwmark == "0x200/0xf00"
    assert (rules[62].action, rules[62].source) == ("blackhole", "10.9.0.0/16")
    assert (rules[70].inverted, rules[70].destination, rules[70].iif) == (True, "10.0.0.0/8", "lo")
    assert rules[71].other == "ipproto tcp dport 80"


@pytest.mark.lab
def test_neighbours_of_the_real_ip_keep_their_state_without_a_mac_too(ip) -> None:
    node = only(linux.read_neighbours(ip("-j", "neigh"), "n"))
    found = {one.address: (one.mac, one.dev, one.state) for one in node.neighbours}
    assert found["192.168.10.1"] == ("08:00:27:00:00:01", "eth1", "PERMANENT")
    assert found["192.168.10.9"] == ("", "eth1", "FAILED")


def test_a_route_line_of_every_published_form_is_read() -> None:
    text = """default via 10.0.2.2 dev eth0 proto dhcp src 10.0.2.15 metric 100
172.20.0.0/24 via 172.20.0.43 dev cilium_host proto kernel src 172.20.0.43
172.20.0.121 dev lxc0f41c9e2b7a3 proto kernel scope link
unreachable 172.20.8.0/24 metric 4000
10.10.0.0/16 via inet6 fe80::1 dev eth1
172.20.3.0/24 dev eth3 proto kernel scope link src 172.20.3.1 dead linkdown
"""
    node = only(linux.read_routes_text(text, "n"))
    assert [(r.prefix, r.via, r.dev, r.kind, r.metric, r.dead) for r in node.routes] == [
        ("0.0.0.0/0", "10.0.2.2", "eth0", "unicast", 100, False),
        ("172.20.0.0/24", "172.20.0.43", "cilium_host", "unicast", 0, False),
        ("172.20.0.121/32", "", "lxc0f41c9e2b7a3", "unicast", 0, False),
        ("172.20.8.0/24", "", "", "unreachable", 4000, False),
        ("10.10.0.0/16", "fe80::1", "eth1", "unicast", 0, False),
        ("172.20.3.0/24", "", "eth3", "unicast", 0, True),
    ]


def test_lines_that_are_no_routes_are_counted_and_left_out() -> None:
    facts = linux.read_routes_text("$ ip route\ndefault via 10.0.2.2 dev eth0\n", "n")
    assert len(only(facts).routes) == 1
    assert facts.warnings == ["1 lines are no route and were left out"]


def test_what_ip_never_prints_is_refused_in_words() -> None:
    with pytest.raises(NotAsClaimed, match="no JSON array"):
        linux.read_links('{"ifname": "eth0"}', "n")
    with pytest.raises(NotAsClaimed, match="no line"):
        linux.read_routes_text("nothing here", "n")


def test_wrong_types_in_every_place_leave_that_entry_out() -> None:
    assert only(linux.read_links('[{"ifindex":"x","ifname":"a"},{"ifindex":1,"ifname":[1]},7,null]', "n")).links == ()
    assert only(linux.read_routes_json('[{"dst":5},{"dst":"nonsense"},[1,2],"x",{"nexthops":"no"}]', "n")).routes == ()
    assert only(linux.read_rules('[{"priority":"high"},{}]', "n")).rules == ()
    assert only(linux.read_neighbours('[{"dst":"not an address","state":5}]', "n")).neighbours == ()
