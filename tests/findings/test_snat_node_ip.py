"""snat-node-ip: a backend on the proxy's own node sees a node address, and only there that is right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.evidence import Confidence
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material

RULE = "snat-node-ip"


def test_with_endpoint_routes_the_local_backend_sees_the_nodes_first_address(fired):
    (one,) = fired(RULE, S8)
    assert (one.subject["src"], one.subject["dst"], one.subject["node"]) == ("10.0.2.15", "172.20.1.108", "k8s-w1")
    assert "first address" in one.statement


@pytest.mark.parametrize("name", [S1, S2, S13, LEAK, FINE])
def test_it_is_silent_without_a_proxy(fired, name):
    assert fired(RULE, name) == []


def test_a_node_address_towards_a_remote_backend_is_not_explained_away(fired):
    # The same source towards a pod of another node would be a fault (cilium/proxy#2040): this note must not bless it.
    one = material(S8)
    pods = tuple(replace(pod, node="k8s-w0") if pod.ip == "172.20.1.108" else pod for pod in one.cluster.pods)
    assert fired(RULE, replace(one, cluster=replace(one.cluster, pods=pods)).analysed()) == []


def test_without_endpoint_routes_it_sees_cilium_host_because_the_route_names_it(fired):
    (one,) = fired(RULE, "s7b-ingress-shared-cilium-host")
    assert (one.subject["src"], one.subject["dport"]) == ("172.20.1.12", 9080)
    assert "router address (cilium_host)" in one.statement and "names that source" in one.statement


def test_a_table_that_says_otherwise_is_told_and_not_believed(fired):
    one = material(S8)
    changed = {"172.20.1.108/32": "172.20.1.12"}
    nodes = tuple(
        replace(node, routes=tuple(replace(each, src=changed.get(each.prefix, each.src)) for each in node.routes))
        for node in one.cluster.nodes
    )
    (told,) = fired(RULE, replace(one, cluster=replace(one.cluster, nodes=nodes)).analysed())
    assert "by the table given it would be 172.20.1.12" in told.statement and told.subject["src"] == "10.0.2.15"


def test_where_the_clients_packets_are_missing_x_forwarded_for_alone_tells_who_asked(fired):
    less = material(S8).without("router/eth1").without("k8s-w1/eth1")
    (told,) = fired(RULE, less.analysed())
    assert "as X-Forwarded-For alone tells" in told.statement and told.confidence is not Confidence.PROVEN
    assert told.subject["node"] == "k8s-w1"
