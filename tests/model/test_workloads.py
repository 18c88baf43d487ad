"""Pods and Services as values."""

from __future__ import annotations

import pytest

from captools.model.workloads import Pod, Service


def test_names_are_written_with_their_namespace() -> None:
    assert Pod(namespace="shop", name="web", ip="10.0.0.1").full_name == "shop/web"
    one = Service(namespace="shop", name="web", cluster_ips=("10.96.0.1",), vips=("192.0.2.1",))
    assert (one.full_name, one.addresses) == ("shop/web", ("10.96.0.1", "192.0.2.1"))


@pytest.mark.parametrize(
    ("told", "settled"),
    [
        ((), False),
        ((("ciliumendpoints.json", 300),), False),
        ((("ciliumendpoints.json", 300), ("k8s-w1__cilium-endpoint-list.json", 300)), False),
        ((("ciliumendpoints.json", 300), ("ciliumendpoints-stop.json", 300)), True),
        ((("ciliumendpoints.json", 300), ("ciliumendpoints-stop.json", 301)), False),
        ((("a.json", 300), ("b.json", 301), ("a-stop.json", 300)), False),
    ],
)
def test_an_identity_is_settled_where_start_and_end_of_the_capture_agree(told, settled):
    assert Pod(namespace="n", name="p", ip="10.0.0.1", identity=300, identities=told).identity_settled is settled
