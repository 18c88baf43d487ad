"""A node's own report, read for the plan."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from captools.collect.facts import (
    MAX_TEXTS,
    MOST_TEXTS,
    default_devices,
    devices_towards,
    holder_of,
    read_facts,
    read_peers,
    read_texts,
)
from captools.collect.plain.script import facts_script
from captools.inventory.read import looks_like_inventory, read_inventory
from captools.store.writer import SessionWriter, inventory_name

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


def test_texts_of_a_node_become_files_whatever_it_calls_them(tmp_path):
    odd = {
        "a\0b.json": "x",
        "../owned": "x",
        "\ud800.txt": "x",
        "x" * 300: "x",
        "": "x",
        "wg.txt": 7,
        "net-dev.txt": "half \ud800",
    }
    texts = read_texts({**odd, "ip-link.json": "[]"}, {"ip-addr.json": "[]"})
    for name, text in texts.items():
        SessionWriter(tmp_path).write_inventory(inventory_name("n", name), text)
    files = {path.name: path.read_text() for path in (tmp_path / "inventory").iterdir()}
    assert files == {"n__ip-link.json": "[]", "n__ip-addr.json": "[]", "n__net-dev.txt": "half ?"}
    assert read_facts({"network": odd}).texts == {"net-dev.txt": "half ?"} and read_texts(["ip-link.json"]) == {}


def test_no_node_tells_more_than_a_node_can_have_to_tell():
    assert len(read_texts({f"{number}.txt": "" for number in range(1000)})) == MOST_TEXTS
    known = read_texts({"a.txt": "x" * (MAX_TEXTS - 10)})
    assert read_texts({"b.txt": "y" * 11}, known) == known
    assert read_texts({"b.txt": "y" * 10}, known).keys() == {"a.txt", "b.txt"}
    assert read_texts({"a.txt": "new"}, known) == {"a.txt": "new"}


def test_interfaces_know_their_index_and_their_other_ends():
    link = json.dumps([{"ifname": "lxc1", "ifindex": 14, "link_index": 11}, {"ifname": "eth0", "ifindex": True}])
    facts = read_facts({"network": {"ip-link.json": link}, "tools": {"tcpdump": {"version": "v", "libpcap": "1.10.3"}}})
    assert [(one.index, one.peer) for one in facts.interfaces] == [(14, 11), (0, 0)]
    assert facts.libpcap == "1.10.3" and facts.peers is None


@pytest.mark.parametrize("odd", [{}, {"links": 3}, {"links": [1, {}, {"index": "1", "peer": 2, "addresses": []}]}])
def test_an_odd_answer_about_peers_gives_none(odd):
    assert read_peers(odd) == ()


def test_peers_keep_their_addresses_in_one_spelling():
    (link,) = read_peers({"links": [{"index": 11, "peer": 14, "addresses": ["FD00:0::7", "172.20.1.7", "x", 3]}]})
    assert (link.index, link.peer, link.addresses) == (11, 14, ("fd00::7", "172.20.1.7"))


def told_by(node, names: str = "None") -> tuple[dict[str, str], float]:
    """Return the texts that the agent gathers on a real node, and the processor time it took in seconds."""
    agent = Path(__file__).parents[2] / "captools" / "agent"
    code = (
        "import sys, types, json, resource\n"
        "for name in ('captools', 'captools.agent'):\n"
        "    sys.modules[name] = types.ModuleType(name); sys.modules[name].__path__ = []\n"
        f"sys.modules['captools.agent'].__path__ = [{str(agent)!r}]\n"
        "from captools.agent import facts\n"
        f"texts = facts.network({names})\n"
        "used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]\n"
        "print(json.dumps([texts, sum(one.ru_utime + one.ru_stime for one in used)]))\n"
    )
    texts, used = json.loads(node.inside(sys.executable, "-I", "-c", code).stdout)
    return texts, used


@pytest.mark.lab
def test_translations_counters_and_settings_of_a_real_node_are_told_and_known(node):
    rules = "table ip nat { chain out { type nat hook postrouting priority 100; ip daddr 10.9.0.2 counter snat to 10.9.0.77; }; }"
    node.inside("nft", rules)
    node.inside("sysctl", "-qw", "net.ipv4.conf.eth1.rp_filter=1")
    node.inside(sys.executable, "-c", "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
                "s.sendto(b'x', ('10.9.0.2', 4242))")  # fmt: skip
    texts, _ = told_by(node)
    assert "dport=4242" in texts["conntrack.txt"] and "dst=10.9.0.77" in texts["conntrack.txt"]  # the reply's tuple
    assert "snat to 10.9.0.77 # handle" in texts["nft.txt"] and "counter packets 1" in texts["nft.txt"]
    assert "net.ipv4.conf.eth1.rp_filter = 1" in texts["sysctl.txt"] and "eth1:" in texts["net-dev.txt"]
    assert "ReversePathFilter" in texts["net-stat.txt"] or "TcpExt:" in texts["net-stat.txt"]
    files = {f"n1__{name}": text for name, text in texts.items()}
    assert {name for name, text in files.items() if not looks_like_inventory(name, text)} == set()
    cluster = read_inventory(files)
    assert cluster.warnings == () and [one.name for one in cluster.nodes] == ["n1"]


@pytest.mark.lab
def test_no_private_key_of_a_real_wireguard_is_told(node, tmp_path, monkeypatch):
    if shutil.which("wireguard-go") is None or shutil.which("wg") is None:
        pytest.skip("needs wireguard-go and wg")
    secret = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout.strip()
    shared = subprocess.run(["wg", "genpsk"], capture_output=True, text=True, check=True).stdout.strip()
    other = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout.strip()
    public = subprocess.run(["wg", "pubkey"], input=other, capture_output=True, text=True, check=True).stdout.strip()
    script = tmp_path / "facts.sh"
    script.write_bytes(facts_script("MARK"))
    for name, key in (("key", secret), ("psk", shared)):
        (tmp_path / name).write_text(key)
    node.inside("mount", "-t", "tmpfs", "tmpfs", "/run")
    node.inside("wireguard-go", "cilium_wg0")
    try:
        node.inside("wg", "set", "cilium_wg0", "private-key", str(tmp_path / "key"), "listen-port", "51871",
                    "peer", public, "preshared-key", str(tmp_path / "psk"), "allowed-ips", "172.20.1.0/24")  # fmt: skip
        monkeypatch.setenv("WG_HIDE_KEYS", "never")  # a login may have it
        texts, _ = told_by(node)
        plain = node.inside("sh", "-c", "exec /bin/sh -s <" + str(script)).stdout
    finally:
        node.inside("ip", "link", "del", "cilium_wg0")  # its program ends with it
    everything = "".join(texts.values())
    assert f"peer: {public}" in texts["wg.txt"] and f"peer: {public}" in plain and "172.20.1.0/24" in texts["wg.txt"]
    assert secret not in everything + plain and shared not in everything + plain


@pytest.mark.lab
def test_a_thousand_interfaces_cost_little(node, tmp_path):
    batch = tmp_path / "links"
    batch.write_text("".join(f"link add lxc{number} type veth peer name pod{number}\n" for number in range(500)))
    node.inside("ip", "-batch", str(batch))
    texts, used = told_by(node, '["quick"]')
    facts = read_facts({"network": texts})
    assert len(facts.interfaces) == 1002 and used < 2.0
    texts, used = told_by(node, '["slow"]')
    assert texts["sysctl.txt"].count("rp_filter") == 1004 and used < 3.0
