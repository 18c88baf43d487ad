"""The cluster's facts at the start and at the end, by the real kubectl."""

from __future__ import annotations

import shutil
import threading

import pytest

from captools.collect.cluster_facts import ClusterFacts, kubernetes_names
from captools.collect.inventory import cluster_of
from captools.collect.kube.access import KubeAccess
from captools.collect.request import CaptureRequest
from captools.collect.runner import capture
from captools.collect.targets import Target
from captools.model.cluster import Cluster, Node

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
W1 = Target(name="k8s-w1", address="192.168.10.101")


def pod(name: str, ip: str, node: str = "k8s-w1") -> dict[str, object]:
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {"nodeName": node, "containers": []},
            "status": {"phase": "Running", "podIP": ip, "hostIP": "192.168.10.101"}}  # fmt: skip


def access(kube, *, insisted: bool = False) -> KubeAccess:
    return KubeAccess(program=shutil.which("kubectl") or "", kubeconfig=kube.kubeconfig, insisted=insisted)


def test_what_changed_between_start_and_end_is_kept_beside_the_start(kube):
    kube.node("k8s-w1", "192.168.10.101")
    kube.put("pods", pod("web", "172.20.1.7"))
    facts = ClusterFacts(access(kube), [W1])
    facts.start()
    early = facts.lists()
    assert early.warnings == () and early.texts.keys() == facts.taken.keys() and facts.rest(10).texts == {}
    assert cluster_of(early.texts, {}).pods[0].full_name == "shop/web"
    kube.objects["pods"].clear()
    kube.put("pods", pod("api", "172.20.1.7"))
    late = facts.again()
    assert list(late.texts) == ["kube-pods-stop.json"] + ["kube-ciliumendpoints-stop.json"] and late.taken_ns
    assert facts.late_taken.keys() == early.texts.keys()
    cluster = cluster_of({**early.texts, **late.texts}, {})
    assert cluster.pod_of("172.20.1.7") is None and cluster.name("172.20.1.7") == "shop/web or shop/api"
    assert "web at the start and shop/api at the end" in " ".join(cluster.warnings)


def test_another_clusters_facts_are_left_out_unless_it_was_named(kube):
    kube.node("prod-1", "10.1.1.1")
    kube.put("pods", pod("web", "172.20.1.7", "prod-1"))
    facts = ClusterFacts(access(kube), [W1])
    facts.start()
    told = facts.lists(["172.20.1.1"])
    assert told.texts == {} and "knows none of these nodes" in told.warnings[0]
    assert facts.rest(10).texts == {} and facts.again().texts == {}
    facts = ClusterFacts(access(kube, insisted=True), [W1])
    facts.start()
    assert "kube-pods.json" in facts.lists().texts


def test_without_a_cluster_nothing_is_asked(kube):
    facts = ClusterFacts(None, [W1])
    facts.start()
    assert (facts.lists().texts, facts.rest().texts, facts.again().texts, kube.asked) == ({}, {}, {}, [])


def test_a_list_that_cannot_be_had_at_the_end_changes_nothing(kube):
    kube.node("k8s-w1", "192.168.10.101")
    facts = ClusterFacts(access(kube), [W1])
    facts.start()
    facts.lists()
    kube.refusals[("GET", ".*")] = (403, "Forbidden", "no more")
    late = facts.again()
    assert late.texts == {} and "not allowed" in late.warnings[0]


def test_a_machine_is_known_by_its_kubernetes_name_or_its_address():
    cluster = Cluster(nodes=(Node(name="ip-10-0-0-1", internal_ip="10.0.0.1", in_cluster=True),
                             Node(name="w2", in_cluster=True), Node(name="router")))  # fmt: skip
    targets = [Target(name="a", address="10.0.0.1"), Target(name="w2"), Target(name="router"), Target(name="x")]
    assert kubernetes_names(cluster, targets) == {"a": "ip-10-0-0-1", "w2": "w2"}


@pytest.mark.lab
def test_a_session_holds_what_cluster_and_node_told_at_start_and_stop_with_times(node, kube, tmp_path):
    kube.node("k8s-w1", "10.9.0.1")
    kube.put("pods", pod("web", "172.20.1.7"))
    out, stop, started = tmp_path / "s", threading.Event(), threading.Event()
    request = CaptureRequest(targets=(node.target("k8s-w1"),), interfaces=("eth1",), kube=access(kube), out=out,
                             buffer_bytes=8 << 20)  # fmt: skip

    def change() -> None:
        started.wait(30)
        kube.objects["pods"].clear()
        kube.put("pods", pod("api", "172.20.1.7"))
        node.inside("ip", "route", "add", "172.20.2.0/24", "via", "10.9.0.2")
        stop.set()

    changer = threading.Thread(target=change)
    changer.start()
    manifest = capture(request, stop=stop, started=started)
    changer.join()
    files = {path.name: path.read_text() for path in (out / "inventory").iterdir()}
    assert {
        "kube-pods.json",
        "kube-pods-stop.json",
        "k8s-w1__ip-route.json",
        "k8s-w1__ip-route-stop.json",
    } <= files.keys()
    assert "kube-nodes-stop.json" not in files and "k8s-w1__sysctl.txt" in files
    records = {one.file: one for one in manifest.inventory}
    for name in ("kube-pods.json", "k8s-w1__ip-route.json"):
        assert manifest.started[:17] <= records[name].taken < records[name].again and records[name].changed
    assert not records["kube-nodes.json"].changed and records["k8s-w1__ip-route.json"].node == "k8s-w1"
    cluster = cluster_of(files, {})
    assert cluster.name("172.20.1.7") == "shop/web or shop/api"
    here = cluster.node("k8s-w1")
    assert here is not None and here.route_to("172.20.2.1") is None and here.route_to("10.9.0.2") is not None
