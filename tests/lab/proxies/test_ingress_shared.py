from __future__ import annotations

import pytest

from captools.lab.proxies.ingress_shared import config
from tests.lab.proxies.accepted import accepted


def test_details_has_a_path_of_its_own_and_productpage_the_rest():
    (listener,) = config()["static_resources"]["listeners"]
    assert listener["address"]["socket_address"] == {"address": "192.168.10.211", "port_value": 80}
    (manager,) = listener["filter_chains"][0]["filters"]
    (host,) = manager["typed_config"]["route_config"]["virtual_hosts"]
    assert [(one["match"]["prefix"], one["route"]["cluster"]) for one in host["routes"]] == [
        ("/details", "details"), ("/", "productpage"),
    ]  # fmt: skip


def test_only_the_remote_backend_is_asked_from_the_ingress_address():
    bound = {one["name"]: "upstream_bind_config" in one for one in config()["static_resources"]["clusters"]}
    assert bound == {"productpage": False, "details": True}


@pytest.mark.lab
def test_envoy_itself_accepts_the_configuration(tmp_path):
    accepted(config, tmp_path)
