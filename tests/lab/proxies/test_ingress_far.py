from __future__ import annotations

import pytest

from captools.lab.proxies.ingress_far import BACKEND, config, config_on
from captools.lab.topology import LEADER, VIP_SHARED, node_called
from tests.lab.proxies.accepted import accepted


@pytest.mark.parametrize("node", [LEADER, "k8s-ctr"])
def test_each_nodes_proxy_asks_the_far_pod_from_its_own_ingress_address(node):
    resources = config_on(node)["static_resources"]
    (cluster,), (listener,) = resources["clusters"], resources["listeners"]
    assert cluster["upstream_bind_config"]["source_address"]["address"] == node_called(node).ingress
    assert listener["freebind"] and listener["address"]["socket_address"]["address"] == VIP_SHARED
    assert BACKEND.node not in (LEADER, "k8s-ctr")


def test_the_leaders_is_the_usual_one():
    assert config("certificate") == config_on(LEADER)


@pytest.mark.lab
def test_envoy_itself_accepts_the_configuration(tmp_path):
    accepted(config, tmp_path)
