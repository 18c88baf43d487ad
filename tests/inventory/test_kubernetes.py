"""kubectl's JSON, shaped as the Kubernetes API reference and Cilium's types.go document it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from captools.inventory.facts import Facts
from captools.inventory.kubernetes import read_kubectl_json
from captools.inventory.values import NotAsClaimed


def read(*items: dict[str, Any], kind: str = "List") -> Facts:
    return read_kubectl_json(json.dumps({"apiVersion": "v1", "items": list(items), "kind": kind}), "")


def thing(kind: str, name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, **more}


def test_a_running_pod_gives_its_addresses_node_and_host() -> None:
    facts = read(
        thing("Pod", "web", "default", spec={"nodeName": "k8s-w1"},
              status={"phase": "Running", "hostIP": "192.168.10.101", "podIP": "172.20.1.108",
                      "podIPs": [{"ip": "172.20.1.108"}, {"ip": "fd00:1::6c"}]}),
        thing("Pod", "kube-proxy", "kube-system", spec={"nodeName": "k8s-w1", "hostNetwork": True},
              status={"phase": "Running", "hostIP": "192.168.10.101", "podIP": "192.168.10.101"}),
    )  # fmt: skip
    assert [(p.namespace, p.name, p.ip, p.node, p.host_ip, p.host_network) for p in facts.pods] == [
        ("default", "web", "172.20.1.108", "k8s-w1", "192.168.10.101", False),
        ("default", "web", "fd00:1::6c", "k8s-w1", "192.168.10.101", False),
        ("kube-system", "kube-proxy", "192.168.10.101", "k8s-w1", "192.168.10.101", True),
    ]
    assert {(node.name, node.in_cluster) for node in facts.nodes} == {("k8s-w1", True)}


def test_a_pod_that_is_over_no_longer_owns_its_address() -> None:
    facts = read(thing("Pod", "job", "default", status={"phase": "Succeeded", "podIP": "172.20.1.50"}))
    assert facts.pods == []


def test_a_node_gives_its_internal_ip_and_kubernetes_own_pod_cidrs() -> None:
    facts = read(
        thing("Node", "k8s-ctr", spec={"podCIDR": "10.244.0.0/24", "podCIDRs": ["10.244.0.0/24"]},
              status={"addresses": [{"type": "Hostname", "address": "k8s-ctr"},
                                    {"type": "InternalIP", "address": "192.168.10.100"},
                                    {"type": "InternalIP", "address": "fd00:10::100"}]})
    )  # fmt: skip
    (node,) = facts.nodes
    assert (node.name, node.internal_ip, node.pod_cidrs, node.in_cluster) == ("k8s-ctr", "192.168.10.100", (), True)
    assert facts.kube_pod_cidrs == {"k8s-ctr": ("10.244.0.0/24",)}


def test_a_ciliumnode_gives_router_ingress_and_pod_cidr() -> None:
    facts = read(
        thing("CiliumNode", "k8s-w1",
              spec={"addresses": [{"type": "InternalIP", "ip": "192.168.10.101"},
                                  {"type": "CiliumInternalIP", "ip": "172.20.1.12"}],
                    "ingress": {"ipv4": "172.20.1.35"}, "ipam": {"podCIDRs": ["172.20.1.0/24"],
                    "pools": {"allocated": [{"pool": "red", "cidrs": ["10.20.0.0/27"]}]}}})
    )  # fmt: skip
    (node,) = facts.nodes
    assert (node.internal_ip, node.cilium_host, node.ingress) == ("192.168.10.101", "172.20.1.12", "172.20.1.35")
    assert node.pod_cidrs == ("172.20.1.0/24", "10.20.0.0/27")


def test_a_ciliumendpoint_gives_identity_labels_and_the_nodes_address() -> None:
    facts = read(
        thing("CiliumEndpoint", "curl-pod", "default",
              status={"id": 56, "identity": {"id": 45966, "labels": ["k8s:app=curl"]},
                      "networking": {"addressing": [{"ipv4": "172.20.0.88"}], "node": "192.168.10.100"}})
    )  # fmt: skip
    (pod,) = facts.pods
    assert (pod.namespace, pod.name) == ("default", "curl-pod")
    assert (pod.ip, pod.identity, pod.host_ip, pod.host_network) == ("172.20.0.88", 45966, "192.168.10.100", False)
    assert facts.identities == {45966: ("k8s:app=curl",)}


def test_a_ciliumidentity_is_named_by_its_number() -> None:
    labels = {"k8s:app": "webpod", "reserved:kube-apiserver": ""}
    facts = read(thing("CiliumIdentity", "62886", **{"security-labels": labels}))
    assert facts.identities == {62886: ("k8s:app=webpod", "reserved:kube-apiserver")}


def test_a_service_gives_its_addresses_and_ports_by_number_or_by_name() -> None:
    facts = read(
        thing("Service", "web", "default",
              spec={"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "externalIPs": ["192.0.2.9"],
                    "ports": [{"port": 80, "targetPort": 8080}, {"port": 443, "name": "tls", "targetPort": "https"},
                              {"port": 53}]},
              status={"loadBalancer": {"ingress": [{"ip": "192.168.10.211"}]}}),
        thing("Service", "headless", "default", spec={"clusterIP": "None", "clusterIPs": ["None"]}),
    )  # fmt: skip
    web, headless = facts.services
    assert (web.service.cluster_ips, web.service.vips) == (("10.96.0.7",), ("192.168.10.211", "192.0.2.9"))
    assert web.service.ports == ((80, 8080), (53, 53))
    assert web.named_ports == ((443, "tls", "https"),)
    assert headless.service.cluster_ips == ()


def test_a_service_tells_its_node_ports_and_how_it_wants_to_be_balanced() -> None:
    spec = {"clusterIP": "10.96.0.7", "ports": [{"port": 80, "nodePort": 30080}, {"port": 81}]}
    wishes = {"sessionAffinity": "ClientIP", "externalTrafficPolicy": "Local", "internalTrafficPolicy": "Local"}
    usual = {"sessionAffinity": "None", "externalTrafficPolicy": "Cluster", "internalTrafficPolicy": "Cluster"}
    facts = read(
        thing("Service", "web", "d", spec=spec | wishes), thing("Service", "plain", "d", spec=spec | usual),
        thing("Service", "old", "d", spec=spec),
    )  # fmt: skip
    web, plain, old = (one.service for one in facts.services)
    assert web.node_ports == ((30080, 80),)
    assert (web.sticky, web.local_outside, web.local_inside) == (True, True, True)
    assert {(one.sticky, one.local_outside, one.local_inside) for one in (plain, old)} == {(False, False, False)}


def test_an_endpointslice_gives_only_backends_that_are_ready_or_do_not_say() -> None:
    item = thing("EndpointSlice", "web-x7", "default", ports=[{"name": "tls", "port": 8443}],
                 endpoints=[{"addresses": ["172.20.1.108"], "conditions": {"ready": True}},
                            {"addresses": ["172.20.2.33"], "conditions": {"ready": False}},
                            {"addresses": ["172.20.0.121"]}])  # fmt: skip
    item["metadata"]["labels"] = {"kubernetes.io/service-name": "web"}
    (backends,) = read(item).backends
    assert (backends.service, backends.addresses, backends.ports) == (
        "web", ("172.20.1.108", "172.20.0.121"), {"tls": 8443},
    )  # fmt: skip


def test_only_ciliums_own_config_map_is_read() -> None:
    facts = read(
        thing("ConfigMap", "cilium-config", "kube-system", data={"routing-mode": "tunnel", "ipam": "cluster-pool"}),
        thing("ConfigMap", "other", "default", data={"secret": "x"}),
    )
    assert facts.config == {"routing-mode": "tunnel", "ipam": "cluster-pool"}


def test_a_single_object_and_a_typed_list_without_kinds_are_read_too() -> None:
    single = thing("Node", "k8s-ctr")
    assert [node.name for node in read_kubectl_json(json.dumps(single), "").nodes] == ["k8s-ctr"]
    item = {"metadata": {"name": "k8s-w1"}}
    assert [node.name for node in read(item, kind="NodeList").nodes] == ["k8s-w1"]


@pytest.mark.parametrize("wrong", [None, 5, "text", [], {}, [5], {"a": []}, True])
@pytest.mark.parametrize(
    "kind", ["Pod", "Node", "Service", "EndpointSlice", "ConfigMap", "CiliumNode", "CiliumEndpoint", "CiliumIdentity"]
)
def test_wrong_types_anywhere_give_no_facts_and_no_exception(kind: str, wrong: object) -> None:
    for place in ("metadata", "spec", "status", "data", "endpoints", "ports", "security-labels"):
        item = {**thing(kind, "7", "default"), place: wrong}
        facts = read(item)
        assert facts.warnings == []
    deep = thing(kind, "7", "d", spec=dict.fromkeys(("addresses", "ports", "clusterIPs", "ipam", "ingress"), wrong))
    deep["status"] = dict.fromkeys(("podIPs", "addresses", "networking", "identity", "loadBalancer"), wrong)
    assert read(deep).pods == [] or kind == "Pod"


def test_a_json_list_is_not_kubectls() -> None:
    with pytest.raises(NotAsClaimed):
        read_kubectl_json("[]", "")


def test_labels_and_selectors_are_kept_as_sorted_pairs() -> None:
    pod = thing("Pod", "web", "d", status={"phase": "Running", "podIP": "10.0.0.1"})
    pod["metadata"]["labels"] = {"tier": "front", "app": "web", "odd": 3}
    facts = read(pod, thing("Service", "web", "d", spec={"clusterIP": "10.96.0.1", "selector": {"app": "web"}}))
    assert facts.pods[0].kube_labels == (("app", "web"), ("odd", ""), ("tier", "front"))
    assert facts.services[0].service.selector == (("app", "web"),)


def test_a_lease_of_an_l2_announcement_names_the_node_that_answers() -> None:
    facts = read(
        thing("Lease", "cilium-l2announce-shop-web", "kube-system", spec={"holderIdentity": "k8s-w1"}),
        thing("Lease", "cilium-l2announce-shop-idle", "kube-system", spec={"holderIdentity": ""}),
        thing("Lease", "k8s-w0", "kube-node-lease", spec={"holderIdentity": "k8s-w0"}),
    )
    assert facts.leases == [("shop-web", "k8s-w1")]
