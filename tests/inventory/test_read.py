"""The whole way in: real texts, hostile texts, and the shape of an inventory folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.inventory.read import looks_like_inventory, read_inventory
from captools.model.cluster import AddressKind

CILIUM_NODE = json.dumps(
    {"apiVersion": "cilium.io/v2", "kind": "CiliumNode", "metadata": {"name": "k8s-w1"},
     "spec": {"addresses": [{"type": "InternalIP", "ip": "192.168.10.101"}], "ipam": {"podCIDRs": ["172.20.1.0/24"]}}}
)  # fmt: skip
LINKS = '[{"ifindex":2,"ifname":"eth0","link_type":"ether","address":"02:00:00:00:00:01","mtu":1500}]'


def field_logs(shared: Path) -> dict[str, str]:
    return {path.name: path.read_text(errors="replace") for path in (shared / "field-logs").iterdir()}


def test_the_real_texts_of_one_cluster_give_the_cluster_of_the_scenarios(shared: Path) -> None:
    cluster = read_inventory(field_logs(shared))
    assert cluster.warnings == ()
    found = {node.name: (node.internal_ip, node.cilium_host, node.ingress, node.in_cluster) for node in cluster.nodes}
    assert found == {
        "k8s-ctr": ("192.168.10.100", "172.20.0.43", "172.20.0.248", True),
        "k8s-w1": ("192.168.10.101", "172.20.1.12", "172.20.1.35", True),
        "k8s-w0": ("192.168.20.100", "", "", True),
        "router": ("", "", "", False),
    }
    assert cluster.kind("172.20.1.35") is AddressKind.INGRESS
    pod = cluster.pod_of("172.20.0.51")
    assert pod is not None
    assert (pod.full_name, pod.identity, pod.node) == ("kube-system/coredns-674b8bbfcf-zr9kv", 16563, "k8s-ctr")
    assert cluster.pod_of("192.168.10.100") is None


def test_the_black_hole_of_s1_stands_in_the_routers_own_real_table(shared: Path) -> None:
    cluster = read_inventory(field_logs(shared))
    router, sender = cluster.node("router"), cluster.node("k8s-ctr")
    assert router is not None
    assert sender is not None
    leaving, black_hole = sender.route_to("172.20.2.33"), router.route_to("172.20.2.33")
    assert leaving is not None
    assert black_hole is not None
    assert (leaving.prefix, leaving.via, leaving.dev) == ("172.20.0.0/16", "192.168.10.200", "eth1")
    assert (black_hole.prefix, black_hole.via, black_hole.dev) == ("0.0.0.0/0", "10.0.2.2", "eth0")


def test_a_file_that_cannot_be_read_is_named_and_the_rest_goes_on() -> None:
    cluster = read_inventory({"bad.json": CILIUM_NODE[:-20], "sub/good.json": CILIUM_NODE})
    assert [node.name for node in cluster.nodes] == ["k8s-w1"]
    (warning,) = cluster.warnings
    assert warning.startswith("bad.json: ")
    assert "damaged JSON" in warning


def test_a_nodes_own_file_without_the_nodes_name_asks_for_it() -> None:
    cluster = read_inventory({"ip-link.json": LINKS})
    assert cluster.nodes == ()
    assert "NODE__ip-link.json" in cluster.warnings[0]


def test_facts_of_several_files_about_one_node_are_merged() -> None:
    cluster = read_inventory({"ciliumnodes.json": CILIUM_NODE, "inventory/k8s-w1__ip-link.json": LINKS})
    (node,) = cluster.nodes
    assert (node.internal_ip, node.in_cluster, [link.name for link in node.links]) == ("192.168.10.101", True, ["eth0"])


def test_a_contradiction_names_both_files() -> None:
    other = CILIUM_NODE.replace("192.168.10.101", "192.168.10.111")
    cluster = read_inventory({"one.json": CILIUM_NODE, "two.json": other})
    assert cluster.nodes[0].internal_ip == "192.168.10.101"
    assert "one.json" in cluster.warnings[0]
    assert "two.json" in cluster.warnings[0]


def test_names_with_escape_codes_and_paths_come_out_as_plain_text() -> None:
    cluster = read_inventory({"../../\x1b[2Jevil__ip-link.json": LINKS.replace("eth0", "\\u001b[31meth0")})
    (node,) = cluster.nodes
    assert node.name == "[2Jevil"
    assert node.links[0].name == "[31meth0"
    (warning,) = read_inventory({"\x1b[31mx.json": '{"apiVersion": '}).warnings
    assert "\x1b" not in warning


@pytest.mark.parametrize("text", ["", "\x00" * 10_485_760, "A" * 10_485_760, "[" * 1_000_000, '{"apiVersion":' * 100_000,
                                  '[{"ifindex":1,"ifname":' * 50_000])  # fmt: skip
def test_ten_megabytes_of_junk_never_raise(text: str) -> None:
    cluster = read_inventory({"n__x.json": text})
    assert cluster.pods == ()
    assert len(cluster.warnings) <= 1


def test_every_cut_of_every_real_text_is_read_without_an_exception(shared: Path) -> None:
    for name, text in field_logs(shared).items():
        for end in range(0, len(text), 97):
            read_inventory({name: text[:end]})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["10.0.0.1", "default", "10.0.0.0/8", "all", "eth0", "Pod", "CiliumNode"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["apiVersion", "kind", "items", "metadata", "name", "spec", "status", "dst", "flags", "ifname",
                         "ifindex", "priority", "src", "state", "cidr", "identity", "id", "labels", "addresses",
                         "external-identifiers", "networking", "nexthops", "encap", "addr_info", "table", "ports"]),
        inner, max_size=5),
    max_leaves=30,
)  # fmt: skip


@given(_JSON)
def test_json_of_any_shape_gives_a_cluster(document: object) -> None:
    for text in (json.dumps(document), json.dumps([document]), json.dumps({"apiVersion": "v1", "items": [document]})):
        cluster = read_inventory({"n__x.json": text})
        for node in cluster.nodes:
            node.route_to("10.0.0.1")


@given(st.text(alphabet=st.sampled_from(" \n\t./:0123456789abcdefghijklmnopqrstuvwxyz=()[]{}\"',-_\x1b"), max_size=200))
def test_text_of_any_shape_gives_a_cluster(tail: str) -> None:
    heads = ("default via ", "10.0.0.1/32 identity=1 ", "ID LABELS\n1 reserved:host", "interface: a\n  peer: ", "NAME READY",
             "56 Disabled Disabled 62886 ", "172.20.0.248/32 reserved:ingress ", "NAME  STATUS  ROLES  VERSION\n")  # fmt: skip
    for head in heads:
        read_inventory({"n__x.txt": head + tail})


def test_the_room_does_no_io(no_io) -> None:
    assert read_inventory({"a.json": CILIUM_NODE}).nodes
    assert looks_like_inventory("a.json", CILIUM_NODE)


def test_what_the_start_tells_counts_whatever_the_names_of_the_files_sort_like() -> None:
    route = '[{"dst":"10.0.0.0/8","dev":"DEV","flags":[]},{"dst":"10.1.0.0/16","dev":"eth0","flags":[]}]'
    files = {"n__ip-route-stop.json": route.replace("DEV", "eth1"), "n__ip-route.json": route.replace("DEV", "eth0"),
             "n__wg-stop.txt": "interface: wg1\n  public key: b=\n",
             "n__wg.txt": "interface: wg0\n  public key: a=\n"}  # fmt: skip
    node = read_inventory(files).node("n")
    assert node is not None and node.wireguard is not None and node.wireguard.interface == "wg0"
    assert [route and route.dev for route in node.routes_to("10.2.0.1")] == ["eth0", "eth1"]
    assert node.route_to("10.2.0.1") is None
    unchanged = node.route_to("10.1.0.1")
    assert unchanged is not None and unchanged.dev == "eth0"
