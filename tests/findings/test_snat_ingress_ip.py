"""snat-ingress-ip: a remote backend reached from the ingress reserved address."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.evidence import Confidence
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material

RULE = "snat-ingress-ip"


def test_it_names_the_proxys_node_the_address_and_the_remote_pods(fired):
    found = fired(RULE, S8)
    assert {one.subject["src"] for one in found} == {"172.20.1.35"}
    assert {one.subject["node"] for one in found} == {"k8s-w1"}
    told = " ".join(one.statement for one in found)
    assert "on k8s-ctr" in told and "on k8s-w0" in told and "192.168.10.200" in told
    assert all(one.confidence is Confidence.PROVEN and one.evidence for one in found)


def test_the_local_backend_is_not_among_them(fired):
    assert "172.20.1.108" not in {one.subject["dst"] for one in fired(RULE, S8)}


@pytest.mark.parametrize("name", [S1, S2, S13, LEAK, FINE])
def test_it_is_silent_without_a_proxy(fired, name):
    assert fired(RULE, name) == []


def test_an_address_that_no_inventory_calls_ingress_is_not_called_so(fired):
    one = material(S8)
    nodes = tuple(replace(node, ingress="") for node in one.cluster.nodes)
    assert fired(RULE, replace(one, cluster=replace(one.cluster, nodes=nodes)).analysed()) == []


def test_frames_are_those_of_the_backend_that_is_named_and_tries_are_not_requests(fired):
    """One request was tried at two nodes, again and again: each note shows its own node's tries."""
    found = fired(RULE, "proxy-requests")
    assert len(found) == 2
    for one in found:
        assert {f"ip.dst == {one.subject['dst']}" in proof.filter for proof in one.evidence} == {True}
        assert " attempts of " in one.statement and one.evidence


def test_a_backend_on_the_proxys_own_node_is_not_called_remote(fired):
    one = material(S8)
    pods = tuple(replace(pod, node="k8s-w1") if pod.ip == "172.20.0.121" else pod for pod in one.cluster.pods)
    found = {
        each.subject["dst"]: each
        for each in fired(RULE, replace(one, cluster=replace(one.cluster, pods=pods)).analysed())
    }
    assert "although the backend is on the proxy's own node" in found["172.20.0.121"].statement
    assert "for a backend on another node" in found["172.20.2.33"].statement


def test_what_the_backend_can_know_of_its_clients_is_said_only_where_it_can(fired):
    (one,) = fired(RULE, "xff-forged")
    assert "The clients were 192.168.10.200 and 192.168.10.100." in one.statement
    (other,) = fired(RULE, "s9-ingress-denied")
    assert "the backend can tell only by X-Forwarded-For" in other.statement
