from __future__ import annotations

import pytest

from captools.lab.proxies.gateway_passed import STORE, VAULT, config
from tests.lab.proxies.accepted import accepted


def test_nothing_ends_tls_and_each_name_goes_to_its_own_pods():
    resources = config()["static_resources"]
    chains = resources["listeners"][0]["filter_chains"]
    assert not any("transport_socket" in one for one in chains)
    assert {
        one["filter_chain_match"]["server_names"][0]: one["filters"][0]["typed_config"]["cluster"] for one in chains
    } == {VAULT: "vault", STORE: "store"}
    ends = [one["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"] for one in resources["clusters"]]
    assert [one["address"]["socket_address"]["port_value"] for one in ends] == [8443, 8443]


@pytest.mark.lab
def test_envoy_itself_accepts_the_configuration(tmp_path):
    accepted(config, tmp_path)
