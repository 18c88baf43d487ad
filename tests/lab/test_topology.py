from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from captools.lab.topology import (
    CURL_POD,
    LEADER,
    NODES,
    PODS,
    VIP_DEDICATED,
    VIP_SHARED,
    LabPod,
    Mode,
    mac_of,
    node_called,
    pods_on,
    webpod_on,
)


def test_the_addresses_are_those_of_the_scenarios_page():
    table = {node.name: (node.address, node.pod_cidr, node.cilium_host, node.ingress) for node in NODES}
    assert table == {
        "k8s-ctr": ("192.168.10.100", "172.20.0.0/24", "172.20.0.43", "172.20.0.248"),
        "k8s-w1": ("192.168.10.101", "172.20.1.0/24", "172.20.1.12", "172.20.1.35"),
        "k8s-w0": ("192.168.20.100", "172.20.2.0/24", "172.20.2.241", "172.20.2.99"),
    }
    assert (CURL_POD.ip, CURL_POD.identity) == ("172.20.0.88", 45966)
    assert {pod.ip for pod in PODS if pod.identity == 62886} == {"172.20.0.121", "172.20.1.108", "172.20.2.33"}


def test_every_pod_lies_in_the_pod_cidr_of_its_node_and_no_address_is_used_twice():
    for pod in PODS:
        assert ip_address(pod.ip) in ip_network(node_called(pod.node).pod_cidr)
    addresses = [pod.ip for pod in PODS]
    addresses += [address for node in NODES for address in (node.address, node.cilium_host, node.ingress)]
    addresses += [VIP_SHARED, VIP_DEDICATED]
    assert len(set(addresses)) == len(addresses)


def test_an_lxc_name_is_stable_fits_the_kernel_and_tells_namespaces_apart():
    names = [pod.interface for pod in PODS]
    assert len(set(names)) == len(names)
    assert all(name.startswith("lxc") and len(name) == 15 for name in names)
    twin = LabPod(
        name=CURL_POD.name, node=CURL_POD.node, ip=CURL_POD.ip, identity=1, app="x", serves=False, namespace="other"
    )
    assert twin.interface != CURL_POD.interface


def test_a_mac_address_is_unicast_and_locally_administered():
    first = int(mac_of("k8s-w1", "eth1").split(":")[0], 16)
    assert first & 0b01 == 0 and first & 0b10
    assert mac_of("k8s-w1", "eth1") != mac_of("k8s-w1", "eth2")


def test_the_pod_mtu_leaves_room_for_the_tunnel():
    assert (Mode.NATIVE.pod_mtu, Mode.VXLAN.pod_mtu, Mode.WIREGUARD.pod_mtu) == (1500, 1500 - 50, 1500 - 80)
    assert Mode.DUAL.pod_mtu == 1500 - 80 - 50


def test_only_the_wireguard_modes_are_encrypted():
    assert {mode for mode in Mode if mode.encrypted} == {Mode.WIREGUARD, Mode.WIREGUARD_LEAK, Mode.DUAL}


def test_only_the_tunnel_modes_use_vxlan():
    assert {mode for mode in Mode if mode.tunnelled} == {Mode.VXLAN, Mode.DUAL}


def test_pods_are_found_by_node_and_unknown_names_are_an_error():
    assert webpod_on(LEADER).ip == "172.20.1.108"
    assert CURL_POD in pods_on("k8s-ctr")
    with pytest.raises(KeyError):
        node_called("k8s-w9")
    with pytest.raises(KeyError):
        webpod_on("router")
