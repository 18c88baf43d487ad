"""cilium-dbg status --verbose: what it says of the datapath, in the forms of several versions."""

from __future__ import annotations

import pytest

from captools.inventory.read import read_inventory
from captools.inventory.status import read_status
from captools.inventory.values import NotAsClaimed
from captools.model.datapath import Datapath

# The lines of a 1.17 agent in tunnel mode with WireGuard (names and order as its documentation prints them).
TUNNEL = """\
KVStore:                 Disabled
Kubernetes:              Ok         1.31 (v1.31.2) [linux/amd64]
KubeProxyReplacement:    True   [eth1   192.168.10.101 (Direct Routing)]
Cilium:                  Ok   1.17.0 (v1.17.0)
IPAM:                    IPv4: 5/254 allocated from 172.20.1.0/24,
IPv4 BIG TCP:            Disabled
BandwidthManager:        Disabled
Routing:                 Network: Tunnel [vxlan]   Host: BPF
Attach Mode:             TCX
Device Mode:             veth
Masquerading:            BPF   [eth1]   172.20.0.0/16 [IPv4: Enabled, IPv6: Disabled]
Encryption:              Wireguard   [NodeEncryption: Disabled, cilium_wg0 (Pubkey: x=, Port: 51871, Peers: 2)]
KubeProxyReplacement Details:
  Status:                 True
  Socket LB:              Enabled
  Devices:                eth1   192.168.10.101 (Direct Routing)
  Mode:                   SNAT
  XDP Acceleration:       Disabled
"""
OLD = "KVStore: Disabled\nKubernetes: Ok 1.20\nHost Routing:   Legacy\nEncryption:   Disabled\n"


def test_every_setting_that_coverage_needs_is_read():
    (node,) = read_status(TUNNEL, "k8s-w1").nodes
    assert node.in_cluster and node.datapath == Datapath(
        routing="tunnel", tunnel="vxlan", host_routing="bpf", device="veth", xdp="disabled", socket_lb="on",
        encryption="wireguard",
    )  # fmt: skip


def test_native_routing_has_no_tunnel_and_netkit_is_a_device_mode():
    text = TUNNEL.replace("Network: Tunnel [vxlan]   Host: BPF", "Network: Native   Host: Legacy").replace(
        "Device Mode:             veth", "Device Mode:             netkit-l2"
    )
    datapath = read_status(text, "n").nodes[0].datapath
    assert datapath is not None
    assert (datapath.routing, datapath.tunnel, datapath.host_routing, datapath.device) == (
        "native", "", "legacy", "netkit",
    )  # fmt: skip


def test_older_agents_have_a_line_of_its_own_for_the_host_and_leave_the_rest_unknown():
    datapath = read_status(OLD, "n").nodes[0].datapath
    assert datapath == Datapath(host_routing="legacy", encryption="disabled")


def test_what_has_none_of_the_lines_is_no_status():
    with pytest.raises(NotAsClaimed):
        read_status("Kubernetes: Ok 1.20\n", "n")


def test_it_is_recognised_under_the_nodes_name_and_goes_before_the_config():
    of = read_inventory({
        "k8s-w1__status.txt": TUNNEL,
        "cilium-config.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cilium-config"}, '
        '"data": {"routing-mode": "native", "bpf-lb-acceleration": "native"}}',
    })  # fmt: skip
    assert of.datapath("k8s-w1").routing == "tunnel" and of.datapath("k8s-w1").xdp == "disabled"
    assert of.datapath("k8s-w2").routing == "native" and of.datapath("k8s-w2").xdp == "native"


def test_without_a_nodes_name_it_says_how_to_name_it():
    assert "name it NODE__" in read_inventory({"status.txt": TUNNEL}).warnings[0]
