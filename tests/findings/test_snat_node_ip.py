"""snat-node-ip: a backend on the proxy's own node sees a node address, and only there that is right."""

from __future__ import annotations

from dataclasses import replace

import pytest

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
