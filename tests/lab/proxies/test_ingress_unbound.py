from __future__ import annotations

import pytest

from captools.lab import envoy
from captools.lab.proxies.ingress_unbound import UNBOUND, config
from tests.lab.proxies.accepted import accepted


def test_it_is_the_usual_one_but_for_one_remote_backend_that_is_not_bound():
    usual, faulty = (
        {one["name"]: one for one in each()["static_resources"]["clusters"]} for each in (envoy.config, config)
    )
    assert [name for name in usual if usual[name] != faulty[name]] == [UNBOUND.name]
    assert UNBOUND.node == "k8s-w0" and "upstream_bind_config" not in faulty[UNBOUND.name]


@pytest.mark.lab
def test_envoy_itself_accepts_the_configuration(tmp_path):
    accepted(config, tmp_path)
