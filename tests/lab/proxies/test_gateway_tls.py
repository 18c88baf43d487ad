from __future__ import annotations

import json

import pytest

from captools.lab.proxies.gateway_tls import BLOG, SHOP, config
from tests.lab.proxies.accepted import accepted


def test_each_name_has_a_chain_of_its_own_that_ends_tls():
    (listener,) = config("/tls.pem")["static_resources"]["listeners"]
    assert [one["filter_chain_match"]["server_names"] for one in listener["filter_chains"]] == [[SHOP], [BLOG]]
    assert all("/tls.pem" in json.dumps(one["transport_socket"]) for one in listener["filter_chains"])
    assert listener["listener_filters"] and listener["address"]["socket_address"]["port_value"] == 443


@pytest.mark.lab
def test_envoy_itself_accepts_the_configuration(tmp_path):
    accepted(config, tmp_path)
