"""A node's own report, read for the plan."""

from __future__ import annotations

import json

from captools.collect.facts import default_devices, devices_towards, holder_of, read_facts

NETWORK = {
    "ip-link.json": json.dumps(
        [
            {"ifname": "lo", "flags": ["LOOPBACK", "UP"], "link_type": "loopback"},
            {"ifname": "eth1", "flags": ["UP"], "link_type": "ether", "linkinfo": {"info_kind": "veth"}},
            {"ifname": "eth9", "flags": ["BROADCAST"], "link_type": "ether", "master": "br0"},
        ]
    ),
    "ip-addr.json": json.dumps([{"ifname": "eth1", "addr_info": [{"local": "192.168.10.101"}, {"local": "fe80::1"}]}]),
    # iproute2 prints "dst" twice for an encapsulated route
    "ip-route.json": '[{"dst":"default","dev":"eth0"},'
    '{"dst":"172.20.2.0/24","encap":"ip","dst":"192.168.20.100","dev":"cilium_vxlan","table":"200"},'
    '{"dst":"192.168.20.0/24","dev":"eth1"},{"type":"local","dst":"192.168.20.5","dev":"eth7","table":"local"},'
    '{"dst":"172.20.2.33","dev":"lxc1"},{"dst":"10.1.0.0/16","nexthops":[{"dev":"eth3"},{"dev":"eth4"}]}]',
}


def test_names_kinds_states_and_addresses_are_read():
    facts = read_facts({"network": NETWORK, "euid": 0, "tools": {"tcpdump": {"version": "tcpdump version 4.99.3"}}})
    assert [(one.name, one.kind, one.up, one.master) for one in facts.interfaces] == [
        ("lo", "", True, ""), ("eth1", "veth", True, ""), ("eth9", "", False, "br0"),
    ]  # fmt: skip
    assert holder_of(facts, "192.168.10.101") == {"eth1"} and facts.tools == {"tcpdump": "tcpdump version 4.99.3"}
    assert holder_of(facts, "not an address") == frozenset()


def test_routes_of_every_table_count_and_the_prefix_is_the_first_dst():
    facts = read_facts({"network": NETWORK})
    assert devices_towards(facts, "172.20.2.0/24") == {"cilium_vxlan"}
    assert devices_towards(facts, "172.20.2.33") == {"cilium_vxlan", "lxc1"}
    assert devices_towards(facts, "192.168.20.5") == {"eth1"}  # the local table says nothing about a way out
    assert devices_towards(facts, "10.1.2.3") == {"eth3", "eth4"}
    assert devices_towards(facts, "192.0.2.1") == frozenset() and default_devices(facts) == {"eth0"}


def test_a_report_that_is_odd_in_every_way_is_read_as_far_as_it_goes():
    odd = {
        "network": {
            "ip-link.json": '[{"ifname": 3}, 4, {"ifname": "ok", "linkinfo": 5, "flags": 6}]',
            "ip-addr.json": '[{"addr_info": 3}, {"ifname": "ok", "addr_info": [7, {"local": "x"}]}]',
            "ip-route.json": "{",
        },
        "tools": [],
        "euid": "zero",
        "hostname": "evil\x1b[2Jname",
    }
    facts = read_facts(odd)
    assert [one.name for one in facts.interfaces] == ["ok"] and facts.routes == ()
    assert "\x1b" not in facts.hostname and read_facts({}).interfaces == ()
