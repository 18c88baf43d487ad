"""What a node without Python told, read."""

from __future__ import annotations

import json

from captools.collect.plain.facts import links_of_text, network_of, read_plain_facts

# busybox 1.35: ip addr
IP_ADDR = """1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
12: eth1@if11: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 10.9.0.1/24 scope global eth1
    inet6 fe80::1/64 scope link
13: eth1.100@eth1: <BROADCAST> mtu 1400 state DOWN
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
14: wg0: <POINTOPOINT,NOARP> mtu 1420
    link/[65534]
"""


def test_links_of_plain_text_are_those_of_json():
    links = {one["ifname"]: one for one in links_of_text(IP_ADDR)}
    assert list(links) == ["lo", "eth1", "eth1.100", "wg0"]
    assert links["eth1"] | {"flags": None} == {
        "ifindex": 12, "ifname": "eth1", "mtu": 1500, "link_index": 11, "link_type": "ether", "flags": None,
        "address": "02:00:00:00:00:01",
        "addr_info": [{"local": "10.9.0.1", "prefixlen": 24}, {"local": "fe80::1", "prefixlen": 64}],
    }  # fmt: skip
    assert links["eth1.100"]["operstate"] == "DOWN" and links["lo"]["link_type"] == "loopback"


def test_facts_of_a_node_whose_ip_knows_no_json():
    told = {"hostname": ["n1\n"], "euid": ["0\n"], "system": ["Linux n1 6.1 x\n"], "ip-addr.txt": [IP_ADDR],
            "ip-route.txt": ["default via 10.9.0.2 dev eth1\n"], "ssh_connection": ["192.0.2.1 5 192.0.2.2 22\n"],
            "tcpdump": ["tcpdump version 4.99.3\nlibpcap version 1.10.3 (with TPACKET_V3)\n"]}  # fmt: skip
    facts = read_plain_facts(told)
    assert [(one.name, one.up, one.addresses[:1]) for one in facts.interfaces] == [
        ("lo", True, ("127.0.0.1",)), ("eth1", True, ("10.9.0.1",)), ("eth1.100", False, ()), ("wg0", False, ()),
    ]  # fmt: skip
    assert facts.hostname == "n1" and facts.ssh_connection == "192.0.2.1 5 192.0.2.2 22"
    assert facts.tools == {"tcpdump": "tcpdump version 4.99.3"} and facts.libpcap == "1.10.3"
    assert facts.texts["ip-route.txt"].startswith("default") and json.loads(facts.texts["ip-link.json"])


def test_json_arrays_of_two_commands_become_one_and_text_is_only_a_substitute():
    told = {"ip-route.json": ['[{"dst":"a"}]\n', "[ ]\n"], "ip-route.txt": ["x"], "ip-link.json": ["[{}]"],
            "ip-addr.txt": [IP_ADDR], "wg.txt": [""]}  # fmt: skip
    assert network_of(told) == {"ip-route.json": '[{"dst":"a"}]', "ip-link.json": "[{}]"}


def test_a_node_that_tells_nothing_has_no_facts():
    facts = read_plain_facts({"euid": ["zero"], "ip-addr.txt": ["\x00\xff: <"], "tcpdump": ["no version here"][:0]})
    assert facts.interfaces == () and facts.tools == {} and facts.euid == 0
