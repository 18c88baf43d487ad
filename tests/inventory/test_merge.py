from __future__ import annotations

from captools.inventory.facts import Backends, Facts, PodFact, ServiceFact
from captools.inventory.merge import merge
from captools.model.cluster import IpcacheEntry, Node, Service


def test_kubernetes_own_pod_cidrs_count_only_where_cilium_uses_them() -> None:
    kube = Facts(nodes=[Node(name="n", in_cluster=True)], kube_pod_cidrs={"n": ("10.244.0.0/24",)})
    alone = merge([("nodes.json", kube)])
    pool = merge([("nodes.json", kube), ("config.json", Facts(config={"ipam": "cluster-pool"}))])
    assert [cluster.nodes[0].pod_cidrs for cluster in (alone, pool)] == [("10.244.0.0/24",), ()]


def test_a_service_gets_its_backends_and_the_numbers_of_its_named_ports() -> None:
    service = ServiceFact(
        service=Service(namespace="d", name="web", ports=((80, 8080),)), named_ports=((443, "tls", "https"),)
    )
    slices = [Backends(namespace="d", service="web", addresses=("10.0.0.1", "10.0.0.2"), ports={"tls": 8443}),
              Backends(namespace="d", service="web", addresses=("10.0.0.2",)),
              Backends(namespace="d", service="other", addresses=("10.0.0.9",))]  # fmt: skip
    (found,) = merge([("s", Facts(services=[service])), ("e", Facts(backends=slices))]).services
    assert (found.ports, found.backends) == (((80, 8080), (443, 8443)), ("10.0.0.1", "10.0.0.2"))


def test_an_endpoint_without_a_name_keeps_its_identity_as_an_address() -> None:
    facts = Facts(pods=[PodFact(ip="172.20.0.121", identity=62886, labels=("k8s:app=webpod",))])
    cluster = merge([("endpoints.txt", facts)])
    assert cluster.pods == ()
    assert cluster.ipcache == (
        IpcacheEntry(prefix="172.20.0.121/32", identity=62886, labels=("k8s:app=webpod",), source="endpoint"),
    )


def test_labels_that_differ_for_one_identity_are_warned_of() -> None:
    cluster = merge([("a", Facts(identities={300: ("k8s:x",)})), ("b", Facts(identities={300: ("k8s:y",)}))])
    assert cluster.identities == {300: ("k8s:x",)}
    assert "identity 300" in cluster.warnings[0]


def test_leases_of_all_files_are_kept_and_found_by_their_service() -> None:
    services = [ServiceFact(service=Service(namespace="shop", name="web"))]
    early, late = (
        Facts(services=services, leases=[("shop-web", "n1")]),
        Facts(leases=[("shop-web", "n2"), ("a-b", "n3")]),
    )
    cluster = merge([("leases.json", early), ("leases-stop.json", late)])
    assert cluster.announcers(cluster.services[0]) == ("n1", "n2")
