from __future__ import annotations

import pytest

from captools.lab.proxies.gateway_canary import LIMITED, SHOP, TOKENS, config
from tests.lab.proxies.accepted import accepted


def test_one_host_alone_has_a_bucket_and_it_is_not_refilled_while_anybody_looks():
    chain = config()["static_resources"]["listeners"][0]["filter_chains"][0]
    hosts = chain["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
    limits = {one["name"]: one.get("typed_per_filter_config") for one in hosts}
    assert limits.pop("shop") is None and [one["domains"][0] for one in hosts] == [SHOP, LIMITED]
    bucket = limits["limited"]["envoy.filters.http.local_ratelimit"]["token_bucket"]
    assert bucket["max_tokens"] == TOKENS == 10 and bucket["fill_interval"] == "3600s"


@pytest.mark.lab
def test_envoy_itself_accepts_the_configuration(tmp_path):
    accepted(config, tmp_path)
