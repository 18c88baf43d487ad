"""IPv6 in the lab: addresses written in another way, one table per identity, and what kubectl then says."""

from __future__ import annotations

import json

import pytest

from captools.inventory.read import read_inventory
from captools.lab import six
from captools.lab.cluster import Lab
from captools.lab.topology import CURL_POD, NODES, Mode, node_called, pods_on

CTR = node_called("k8s-ctr")


def test_an_ipv6_address_reads_like_the_ipv4_one_beside_it():
    assert six.address("172.20.2.33") == "fd00:172:20:2::33"
    assert six.address("172.20.0.88") == "fd00:172:20::88"
    assert six.pod_cidr(node_called("k8s-w0")) == "fd00:172:20:2::/64"
    assert len({six.address(node.address) for node in NODES} | {six.pod_cidr(node) for node in NODES}) == 6


@pytest.mark.parametrize(
    ("underlay", "encap", "mtu"),
    [
        (False, "encap ip id 45966 dst 192.168.20.100 via", 1450),
        (True, "encap ip6 id 45966 dst fd00:192:168:20::100 csum via", 1430),
    ],
)
def test_the_identity_of_the_sender_goes_into_the_tunnel_over_either_underlay(underlay, encap, mtu):
    lines = six.node_lines(CTR, pods_on("k8s-ctr"), underlay=underlay)
    assert "rule add from fd00:172:20::88 lookup 45966 priority 100" in lines
    (route,) = [line for line in lines if "fd00:172:20:2::/64" in line and "table 45966" in line]
    assert encap in route and route.endswith(f"mtu {mtu}")
    assert any("eth1" in line for line in lines) is underlay


def test_a_pod_leaves_by_its_node_and_solicits_nobody():
    lines = six.pod_lines(CURL_POD, CTR, underlay=False)
    assert lines[0] == "addr add fd00:172:20::88/128 dev eth0 nodad"
    assert any(line.startswith("neigh add fd00:172:20::43") and line.endswith("permanent") for line in lines)


def test_the_inventory_knows_both_addresses_of_every_pod():
    told = six.documents(Lab(mode=Mode.VXLAN, name="never-up"), underlay=True)
    cluster = read_inventory({name: json.dumps(document) for name, document in told.items()})
    for address in (CURL_POD.ip, six.address(CURL_POD.ip)):
        pod = cluster.pod_of(address)
        assert pod is not None and (pod.name, pod.node, pod.identity) == ("curl-pod", "k8s-ctr", 45966)
    assert cluster.config["enable-ipv6"] == "true" and cluster.config["underlay-protocol"] == "ipv6"
    node = cluster.node("k8s-w1")
    assert node is not None and "fd00:172:20:1::/64" in node.pod_cidrs


@pytest.mark.lab
def test_a_pod_answers_over_ipv6_where_it_was_switched_on():
    with Lab(mode=Mode.VXLAN, name="six") as lab:
        six.switch_on(lab, underlay=False)
        pod = lab.machine(CURL_POD.name)
        out = pod.run(["curl", "-sS", "-m", "5", "http://[fd00:172:20:1::108]/"])
        assert "RemoteAddr: fd00:172:20::88" in out
        # Nobody listens for anything else: a machine answers on the ports that it was given.
        assert lab.machine("webpod-697b545f57-2dg5m").listens(80, "fd00:172:20:1::108")
        assert not lab.machine("webpod-697b545f57-2dg5m").listens(81, "fd00:172:20:1::108")
