"""How backends are chosen, as the inventory tells it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.services.policy import choosing
from captools.model.cluster import Cluster, Service
from captools.model.services import Policy

WEB = Service(namespace="d", name="web")


@pytest.mark.parametrize(
    ("config", "policy"),
    [
        ({"kube-proxy-replacement": "true", "bpf-lb-algorithm": "random"}, Policy.RANDOM),
        ({"kube-proxy-replacement": "strict", "node-port-algorithm": "maglev"}, Policy.RANDOM),
        ({"kube-proxy-replacement": "true"}, Policy.RANDOM),
        ({"kube-proxy-replacement": "false", "bpf-lb-algorithm": "random"}, Policy.UNKNOWN),  # kube-proxy chooses
        ({"kube-proxy-replacement": "true", "bpf-lb-algorithm": "least-conn"}, Policy.UNKNOWN),
        ({}, Policy.UNKNOWN),
    ],
)
def test_the_balancer_in_force_tells_how_it_chooses(config: dict[str, str], policy: Policy) -> None:
    found = choosing(Cluster(config=config), WEB, inside=False)
    assert found.policy is policy and found.why


def test_the_services_own_wishes_come_first() -> None:
    cluster = Cluster(config={"kube-proxy-replacement": "true"})
    sticky, outside = replace(WEB, sticky=True), replace(WEB, local_outside=True)
    assert choosing(cluster, sticky, inside=True).policy is Policy.STICKY
    assert choosing(cluster, outside, inside=False).policy is Policy.LOCAL
    assert choosing(cluster, outside, inside=True).policy is Policy.RANDOM
    assert choosing(cluster, replace(WEB, local_inside=True), inside=True).policy is Policy.LOCAL
    assert choosing(cluster, None, inside=True).policy is Policy.RANDOM
