from __future__ import annotations

import pytest

from captools.lab.proxies.ingress_denied import config
from tests.lab.proxies.accepted import accepted


def test_one_address_is_allowed_and_policy_comes_before_the_router():
    (manager,) = config()["static_resources"]["listeners"][0]["filter_chains"][0]["filters"]
    policy, router = manager["typed_config"]["http_filters"]
    rules = policy["typed_config"]["rules"]
    assert (rules["action"], router["name"]) == ("ALLOW", "envoy.filters.http.router")
    assert rules["policies"]["allowed-cidr"]["principals"] == [
        {"direct_remote_ip": {"address_prefix": "192.168.10.100", "prefix_len": 32}}
    ]


@pytest.mark.lab
def test_envoy_itself_accepts_the_configuration(tmp_path):
    accepted(config, tmp_path)
