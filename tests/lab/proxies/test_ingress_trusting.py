from __future__ import annotations

import pytest

from captools.lab.proxies.ingress_trusting import config
from tests.lab.proxies.accepted import accepted


def test_only_the_dedicated_ingress_takes_the_header_as_it_comes():
    appends = {}
    for one in config()["static_resources"]["listeners"]:
        (manager,) = one["filter_chains"][0]["filters"]
        appends[one["address"]["socket_address"]["address"]] = manager["typed_config"]["use_remote_address"]
    assert appends == {"192.168.10.211": True, "192.168.10.212": False}


@pytest.mark.lab
def test_envoy_itself_accepts_the_configuration(tmp_path):
    accepted(config, tmp_path)
