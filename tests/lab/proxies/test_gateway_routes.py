from __future__ import annotations

import pytest

from captools.lab.proxies.gateway_routes import SERVICES, config
from tests.lab.proxies.accepted import accepted


def test_every_service_is_a_cluster_with_the_source_of_its_node():
    clusters = config()["static_resources"]["clusters"]
    assert {one["name"] for one in clusters} == set(SERVICES)
    bound = {
        one["name"]: one.get("upstream_bind_config", {}).get("source_address", {}).get("address") for one in clusters
    }
    assert bound == {"catalog": "172.20.1.35", "storefront": None, "beta": "172.20.1.35"}


def test_ingress_and_gateway_have_an_address_each():
    listeners = config()["static_resources"]["listeners"]
    assert [one["address"]["socket_address"]["address"] for one in listeners] == ["192.168.10.211", "192.168.10.212"]


@pytest.mark.lab
def test_envoy_itself_accepts_the_configuration(tmp_path):
    accepted(config, tmp_path)
