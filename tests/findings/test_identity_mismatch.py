"""identity-mismatch: the VNI of a pod's packets is held against the inventory, with the guards of DESIGN, section 8."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.cluster import Pod
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from captools.model.identities import taken_at_the_end
from tests.correlate.material import FINE, LEAK, S2, S13, Material, material

ID, CASE = "identity-mismatch", "identity-mismatch"
CURL, CURLS, WEBPODS = "172.20.0.88", 45966, 62886  # SCENARIOS: identities of curl-pod and of the webpods


def with_curl_pod(one: Material, **changes: object) -> Material:
    pods = tuple(replace(pod, **changes) if pod.ip == CURL else pod for pod in one.cluster.pods)
    return replace(one, cluster=replace(one.cluster, pods=pods))


def pod_of(one: Material) -> Pod:
    (pod,) = [pod for pod in one.cluster.pods if pod.ip == CURL]
    return pod


def test_it_names_the_pod_both_identities_and_who_judges_wrongly(fired):
    (one,) = fired(ID, CASE)
    assert (one.severity, one.confidence) == (Severity.ERROR, Confidence.PROVEN)
    assert (one.subject["src"], one.subject["pod"], one.subject["node"]) == (CURL, "default/curl-pod", "k8s-ctr")
    for word in (str(WEBPODS), "app=webpod", str(CURLS), "app=curl", "k8s-w0 and k8s-w1"):
        assert word in one.statement, word
    assert all(f"vxlan.vni == {WEBPODS}" in proof.filter and CURL in proof.filter for proof in one.evidence)
    assert "cilium-dbg endpoint list" in one.remedy and "-stop.json" not in one.remedy, "it has that already"


def test_an_inventory_of_one_moment_makes_it_possible_only(fired):
    one = material(CASE)
    early = tuple(told for told in pod_of(one).identities if not taken_at_the_end(told[0]))
    (found,) = fired(ID, with_curl_pod(one, identities=early).analysed())
    assert found.confidence is Confidence.POSSIBLE and "one moment only" in found.statement
    assert "ciliumendpoints-stop.json" in found.remedy


def test_an_identity_that_changed_meanwhile_makes_it_possible_only(fired):
    one = with_curl_pod(material(CASE), identities=(("a.json", CURLS), ("a-stop.json", WEBPODS)))
    (found,) = fired(ID, one.analysed())
    assert found.confidence is Confidence.POSSIBLE and f"{CURLS} and {WEBPODS}" in found.statement


def test_a_pod_that_the_inventory_has_elsewhere_makes_it_possible_only(fired):
    (found,) = fired(ID, with_curl_pod(material(CASE), node="k8s-w1").analysed())
    assert found.confidence is Confidence.POSSIBLE and "on k8s-w1" in found.statement


@pytest.mark.parametrize("identity", [1, 4, 6, 8, 100, 255, 1 << 16 | 300, None])
def test_reserved_and_other_clusters_identities_are_never_compared(fired, identity):
    assert fired(ID, with_curl_pod(material(CASE), identity=identity).analysed()) == []


@pytest.mark.parametrize("name", [S2, S13, LEAK, FINE, "dual", "ipv6-overlay", "geneve-dsr", "demo-skewed"])
def test_it_is_silent_where_every_packet_carries_its_senders_identity(fired, name):
    assert fired(ID, name) == []


def test_a_tunnel_of_nodes_that_the_inventory_does_not_know_may_be_anybodys(fired):
    one = material(CASE)
    nodes = tuple(replace(node, internal_ip="", links=(), routes=()) for node in one.cluster.nodes)
    assert fired(ID, replace(one, cluster=replace(one.cluster, nodes=nodes)).analysed()) == []


def test_it_needs_a_card_to_see_the_tunnel(fired):
    one = material(CASE)
    for point in ("k8s-ctr/eth1", "k8s-w1/eth1", "k8s-w0/eth1", "router/eth1", "router/eth2"):
        one = one.without(point)
    assert fired(ID, one.analysed()) == []


def test_the_router_alone_tells_of_what_crosses_it(fired):
    one = material(CASE)
    for point in ("k8s-ctr/eth1", "k8s-w1/eth1", "k8s-w0/eth1"):
        one = one.without(point)
    (found,) = fired(ID, one.analysed())
    assert "k8s-w0" in found.statement and "k8s-w1" not in found.statement
