from __future__ import annotations

import json

import pytest

from captools.inventory.read import read_inventory
from captools.lab.inventory import documents
from captools.lab.topology import CURL_POD, NODES, PODS, Mode
from captools.model.cluster import AddressKind


def texts(mode: Mode, **options):
    files = documents(mode, endpoint_routes=False, public_keys=options.get("keys", {}))
    return {name: json.dumps(document) for name, document in files.items()}


def test_our_own_reader_finds_every_true_fact_in_it():
    cluster = read_inventory(texts(Mode.VXLAN))
    assert not cluster.warnings
    pod = cluster.pod_of(CURL_POD.ip)
    assert pod is not None
    assert (pod.name, pod.node, pod.identity, pod.interface) == ("curl-pod", "k8s-ctr", 45966, CURL_POD.interface)
    for lab_node in NODES:
        node = cluster.node(lab_node.name)
        assert node is not None
        assert (node.internal_ip, node.cilium_host, node.ingress) == (
            lab_node.address,
            lab_node.cilium_host,
            lab_node.ingress,
        )
        assert node.pod_cidrs == (lab_node.pod_cidr,)
    assert cluster.kind("192.168.10.212") is AddressKind.VIP
    assert cluster.kind("172.20.1.35") is AddressKind.INGRESS


def test_pods_have_the_shape_of_kubectl():
    pods = documents(Mode.NATIVE, endpoint_routes=False, public_keys={})["pods.json"]
    assert isinstance(pods, dict)
    by_name = {item["metadata"]["name"]: item for item in pods["items"]}
    assert {pod.name for pod in PODS} < set(by_name)
    assert by_name["curl-pod"]["status"] == {
        "phase": "Running", "podIP": "172.20.0.88", "podIPs": [{"ip": "172.20.0.88"}]
    }  # fmt: skip
    assert by_name["cilium-envoy-9v7lq"]["spec"]["hostNetwork"] is True


@pytest.mark.parametrize(
    ("mode", "routing", "wireguard"),
    [(Mode.NATIVE, "native", "false"), (Mode.VXLAN, "tunnel", "false"), (Mode.WIREGUARD, "native", "true")],
)
def test_the_configmap_says_how_packets_travel(mode, routing, wireguard):
    config = documents(mode, endpoint_routes=True, public_keys={})["cilium-config.json"]
    assert isinstance(config, dict)
    assert config["data"]["routing-mode"] == routing
    assert config["data"]["enable-wireguard"] == wireguard
    assert config["data"]["enable-endpoint-routes"] == "true"


def test_public_keys_are_annotated_where_nodes_have_them_and_nothing_else_is():
    with_keys = documents(Mode.WIREGUARD, endpoint_routes=False, public_keys={"k8s-w1": "abc="})["ciliumnodes.json"]
    assert isinstance(with_keys, dict)
    annotations = {item["metadata"]["name"]: item["metadata"].get("annotations") for item in with_keys["items"]}
    assert annotations == {
        "k8s-ctr": None,
        "k8s-w1": {"network.cilium.io/wg-pub-key": "abc="},
        "k8s-w0": None,
    }
