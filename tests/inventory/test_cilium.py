"""The agent's lists, in the printed forms of several versions (Documentation/cmdref and field logs)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from captools.inventory import cilium
from captools.inventory.values import NotAsClaimed


@pytest.mark.parametrize(
    "row",
    [
        "172.20.1.12/32   identity=6 encryptkey=255 tunnelendpoint=192.168.10.101 flags=hastunnel",
        "172.20.1.12/32   identity=6 encryptkey=255 tunnelendpoint=192.168.10.101 nodeid=0x2bd1",
        "172.20.1.12/32   identity=6 encryptkey=255 tunnelendpoint=192.168.10.101, vtepmac=82:36:4c:98:2e:56",
        "172.20.1.12/32   identity=6 encryptkey=255 tunnelendpoint=192.168.10.101",
        "172.20.1.12/32   identity=6 encryptkey=255 tunnelendpoint=192.168.10.101 nodeid=0   sync   ",
    ],
)
def test_every_printed_form_of_the_ipcache_gives_the_same_entry(row: str) -> None:
    (entry,) = cilium.read_ipcache_text(f"IP PREFIX/ADDRESS   IDENTITY\n{row}\n", "").ipcache
    assert (entry.prefix, entry.identity, entry.tunnel_endpoint, entry.encrypt_key) == (
        "172.20.1.12/32", 6, "192.168.10.101", 255,
    )  # fmt: skip


def test_an_entry_without_a_tunnel_has_no_endpoint() -> None:
    text = "0.0.0.0/0  identity=2 encryptkey=0 tunnelendpoint=0.0.0.0 flags=<none>\nfd00::/64 identity=9 tunnelendpoint=::\n"
    assert [entry.tunnel_endpoint for entry in cilium.read_ipcache_text(text, "").ipcache] == ["", ""]


def test_the_ipcache_as_json_holds_texts_that_are_read_again() -> None:
    text = json.dumps(
        {"10.0.2.31/32": ["identity=10530 encryptkey=0 tunnelendpoint=172.18.0.4 flags=<none>"], "x": [7]}
    )
    (entry,) = cilium.read_ipcache_json(text, "").ipcache
    assert (entry.prefix, entry.identity, entry.tunnel_endpoint) == ("10.0.2.31/32", 10530, "172.18.0.4")


def test_the_real_ipcache_list_keeps_every_row(shared: Path) -> None:
    text = (shared / "captures-real/text-logs/cilium-bpf-ipcache-list.txt").read_text()
    entries = {entry.prefix: entry for entry in cilium.read_ipcache_text(text, "").ipcache}
    assert len(entries) == len(text.splitlines()) - 1
    assert (entries["172.20.2.160/32"].identity, entries["172.20.2.160/32"].tunnel_endpoint) == (6, "192.168.20.100")


IP_LIST = """IP                  IDENTITY                                                     SOURCE
0.0.0.0/0           reserved:world
10.0.0.9/32         reserved:host
                    reserved:kube-apiserver
172.20.0.121/32     k8s:app=webpod                                               custom-resource
                    k8s:io.kubernetes.pod.namespace=default
172.20.0.248/32     reserved:ingress
"""


def test_labels_of_an_address_stand_alone_on_the_lines_below_it() -> None:
    entries = {entry.prefix: entry for entry in cilium.read_ip_list_text(IP_LIST, "").ipcache}
    assert entries["172.20.0.121/32"].labels == ("k8s:app=webpod", "k8s:io.kubernetes.pod.namespace=default")
    assert (entries["172.20.0.121/32"].identity, entries["172.20.0.121/32"].source) == (None, "custom-resource")
    assert entries["172.20.0.248/32"].identity == 8
    assert entries["0.0.0.0/0"].identity == 2
    assert len(entries["10.0.0.9/32"].labels) == 2


def test_the_numeric_and_the_verbose_form_of_ip_list_are_read() -> None:
    (numeric,) = cilium.read_ip_list_text("172.20.0.121/32   62886   custom-resource\n", "").ipcache
    assert (numeric.identity, numeric.labels, numeric.source) == (62886, (), "custom-resource")
    (verbose,) = cilium.read_ip_list_text(
        "172.20.1.35/32  reserved:ingress  generated  192.168.10.101  0\n", ""
    ).ipcache
    assert (verbose.identity, verbose.tunnel_endpoint, verbose.source) == (8, "192.168.10.101", "generated")


def test_ip_list_as_json_names_pods_and_their_hosts() -> None:
    one = {"cidr": "172.20.1.108/32", "identity": 62886, "hostIP": "192.168.10.101", "encryptKey": 255,
           "metadata": {"source": "custom-resource", "namespace": "default", "name": "webpod"}}  # fmt: skip
    facts = cilium.read_ip_list_json(json.dumps([one, {"cidr": "bad"}, 5]), "")
    assert [(e.prefix, e.identity, e.tunnel_endpoint, e.encrypt_key) for e in facts.ipcache] == [
        ("172.20.1.108/32", 62886, "192.168.10.101", 255)
    ]
    assert [(p.namespace, p.name, p.ip, p.host_ip, p.identity) for p in facts.pods] == [
        ("default", "webpod", "172.20.1.108", "192.168.10.101", 62886)
    ]


def test_the_identity_list_is_read_with_and_without_reference_counts() -> None:
    text = "ID      LABELS\n1       reserved:host\n62886   k8s:app=webpod   3\n        k8s:io.cilium.k8s.policy.cluster=default\n"
    assert cilium.read_identities_text(text, "").identities == {
        1: ("reserved:host",),
        62886: ("k8s:app=webpod", "k8s:io.cilium.k8s.policy.cluster=default"),
    }
    as_json = json.dumps([{"id": 62886, "labels": ["k8s:app=webpod"], "labelsSHA256": "x"}, {"id": "x"}, []])
    assert cilium.read_identities_json(as_json, "").identities == {62886: ("k8s:app=webpod",)}


ENDPOINTS = """ENDPOINT   POLICY (ingress)   POLICY (egress)   IDENTITY   LABELS (source:key[=value])   IPv6   IPv4   STATUS
           ENFORCEMENT        ENFORCEMENT
56         Disabled           Disabled          62886      k8s:app=webpod                          172.20.0.121   ready
                                                           k8s:io.kubernetes.pod.namespace=shop
812        Disabled (Audit)   Enabled           1          reserved:host                                          ready
1040       Disabled           Disabled          4          reserved:health                fd00::9  172.20.0.7     ready
"""


def test_the_endpoint_list_gives_address_identity_and_labels_of_pods_alone() -> None:
    facts = cilium.read_endpoints_text(ENDPOINTS, "k8s-ctr")
    assert [(p.namespace, p.ip, p.node, p.identity) for p in facts.pods] == [("shop", "172.20.0.121", "k8s-ctr", 62886)]
    assert facts.identities == {62886: ("k8s:app=webpod", "k8s:io.kubernetes.pod.namespace=shop")}


def test_the_endpoint_list_as_json_gives_a_pod_its_device() -> None:
    endpoint = {
        "id": 56,
        "status": {
            "external-identifiers": {"k8s-namespace": "default", "k8s-pod-name": "curl-pod", "pod-name": "default/curl-pod"},
            "identity": {"id": 45966, "labels": ["k8s:app=curl"]},
            "networking": {"addressing": [{"ipv4": "172.20.0.88", "ipv6": "fd00::58"}], "interface-name": "lxc0f41c9e2b7a3"},
        },
    }  # fmt: skip
    facts = cilium.read_endpoints_json(json.dumps([endpoint, {"status": {"networking": 7}}, None]), "k8s-ctr")
    assert [(p.namespace, p.name, p.ip, p.identity, p.interface, p.node) for p in facts.pods] == [
        ("default", "curl-pod", "172.20.0.88", 45966, "lxc0f41c9e2b7a3", "k8s-ctr"),
        ("default", "curl-pod", "fd00::58", 45966, "lxc0f41c9e2b7a3", "k8s-ctr"),
    ]


def test_older_endpoints_name_their_pod_in_one_word() -> None:
    status = {"external-identifiers": {"pod-name": "shop/web"}, "identity": {"id": 300},
              "networking": {"addressing": [{"ipv4": "10.0.0.5"}]}}  # fmt: skip
    (pod,) = cilium.read_endpoints_json(json.dumps([{"id": 1, "status": status}]), "").pods
    assert (pod.namespace, pod.name) == ("shop", "web")


@pytest.mark.parametrize(
    "read",
    [cilium.read_ipcache_text, cilium.read_ip_list_text, cilium.read_identities_text, cilium.read_endpoints_text],
)
def test_a_text_without_a_single_row_is_refused(read) -> None:
    with pytest.raises(NotAsClaimed, match="no row"):
        read("some other text\n", "")


def test_an_endpoint_tells_the_index_of_its_device() -> None:
    def endpoint(**networking: object) -> dict[str, object]:
        return {"status": {"external-identifiers": {"k8s-namespace": "d", "k8s-pod-name": "web"},
                           "networking": {"addressing": [{"ipv4": "10.0.0.1"}], **networking}}}  # fmt: skip

    text = json.dumps([endpoint(**{"interface-index": 14}), endpoint(**{"interface-index": 0})])
    assert [pod.ifindex for pod in cilium.read_endpoints_json(text, "n1").pods] == [14, None]
