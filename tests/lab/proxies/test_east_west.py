from __future__ import annotations

import pytest

from captools.lab.proxies.east_west import ALLOWED_PATH, PORT, UPSTREAM_MARK, config
from tests.lab.proxies.accepted import accepted


def test_it_takes_over_connections_keeps_their_source_and_appends_nothing():
    (listener,) = config()["static_resources"]["listeners"]
    assert listener["transparent"] is True and listener["address"]["socket_address"]["port_value"] == PORT
    assert [one["name"].rpartition(".")[2] for one in listener["listener_filters"]] == ["original_dst", "original_src"]
    assert listener["listener_filters"][1]["typed_config"]["mark"] == UPSTREAM_MARK
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    assert manager["skip_xff_append"] is True


def test_it_denies_all_but_one_path():
    (listener,) = config()["static_resources"]["listeners"]
    rules = listener["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"][0]["typed_config"]["rules"]
    assert rules["action"] == "ALLOW" and ALLOWED_PATH in str(rules["policies"])


@pytest.mark.lab
def test_envoy_itself_accepts_the_configuration(tmp_path):
    accepted(lambda _certificate: config(), tmp_path)
