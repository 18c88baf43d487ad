from __future__ import annotations

from pathlib import Path

import pytest

from captools.inventory import kubectl_text
from captools.inventory.values import NotAsClaimed

PODS = """NAME       READY   STATUS      RESTARTS        AGE     IP             NODE      NOMINATED NODE   READINESS GATES
curl-pod   1/1     Running     3 (5m12s ago)   12m     172.20.0.88    k8s-ctr   <none>           <none>
pending    0/1     Pending     0               2s      <none>         <none>    <none>           <none>
job-x      0/1     Completed   0               9m41s   172.20.1.50    k8s-w1    <none>           <none>
"""
NODES = """NAME      STATUS   ROLES           AGE   VERSION   INTERNAL-IP      EXTERNAL-IP   OS-IMAGE
k8s-ctr   Ready    control-plane   13m   v1.33.2   192.168.10.100   <none>        Ubuntu 24.04.2 LTS
k8s-w0    Ready    <none>          5m    v1.33.2   192.168.20.100   <none>        Ubuntu 24.04.2 LTS
"""
OLD_ENDPOINTS = """NAME   ENDPOINT ID   IDENTITY ID   INGRESS ENFORCEMENT   ENDPOINT STATE   IPV4         IPV6
web    56            62886                               ready            10.0.1.108
"""


def test_only_pods_that_own_an_address_now_are_kept() -> None:
    facts = kubectl_text.read_pods(PODS, "")
    assert [(p.namespace, p.name, p.ip, p.node) for p in facts.pods] == [("", "curl-pod", "172.20.0.88", "k8s-ctr")]
    assert {node.name for node in facts.nodes} == {"k8s-ctr", "k8s-w1"}


def test_every_pod_of_the_real_table_is_read_with_namespace_and_node(shared: Path) -> None:
    text = (shared / "field-logs/kubectl-get-pod-owide.txt").read_text()
    pods = kubectl_text.read_pods(text, "").pods
    assert len(pods) == len([line for line in text.splitlines() if "Running" in line])
    found = {pod.name: (pod.namespace, pod.ip, pod.node) for pod in pods}
    assert found["cilium-envoy-ktv8n"] == ("kube-system", "192.168.20.100", "k8s-w0")


def test_nodes_have_their_address_only_in_the_wide_table() -> None:
    wide = {node.name: node.internal_ip for node in kubectl_text.read_nodes(NODES, "").nodes}
    assert wide == {"k8s-ctr": "192.168.10.100", "k8s-w0": "192.168.20.100"}
    narrow = "\n".join(line[:51] for line in NODES.splitlines())
    assert {node.internal_ip for node in kubectl_text.read_nodes(narrow, "").nodes} == {""}


def test_the_identity_is_found_under_its_old_and_its_new_title(shared: Path) -> None:
    (old,) = kubectl_text.read_cilium_endpoints(OLD_ENDPOINTS, "").pods
    assert (old.name, old.ip, old.identity) == ("web", "10.0.1.108", 62886)
    new = kubectl_text.read_cilium_endpoints(
        (shared / "field-logs/kubectl-get-ciliumendpoints.txt").read_text(), ""
    ).pods
    assert {(p.namespace, p.ip): p.identity for p in new}[("kube-system", "172.20.0.51")] == 16563
    assert len(new) == 8


@pytest.mark.parametrize("read", [kubectl_text.read_pods, kubectl_text.read_nodes, kubectl_text.read_cilium_endpoints])
def test_a_text_without_the_header_is_refused(read) -> None:
    with pytest.raises(NotAsClaimed, match="header"):
        read("curl-pod 1/1 Running\n", "")
