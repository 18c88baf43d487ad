"""Parts of Envoy configurations: what a listener, a chain and a cluster must carry for Envoy to do what Cilium's does."""

from __future__ import annotations

from captools.lab import envoy_parts as parts
from captools.lab.topology import PRODUCTPAGE, webpod_on


def test_a_cluster_is_asked_from_the_ingress_address_unless_its_pod_is_local():
    # FACTS section 8: the bind depends on where the backend runs.
    assert parts.source_towards(webpod_on("k8s-w0")) == "172.20.1.35" and parts.source_towards(PRODUCTPAGE) == ""
    bound = parts.cluster("x", [webpod_on("k8s-w0")], source="172.20.1.35")["upstream_bind_config"]
    assert bound["source_address"]["address"] == "172.20.1.35" and bound["freebind"]
    assert "upstream_bind_config" not in parts.cluster("x", [PRODUCTPAGE])


def test_a_cluster_uses_the_port_that_its_pods_serve():
    (ends,) = parts.cluster("x", [PRODUCTPAGE])["load_assignment"]["endpoints"]
    assert ends["lb_endpoints"][0]["endpoint"]["address"]["socket_address"] == {
        "address": "172.20.1.102", "port_value": 9080,
    }  # fmt: skip


def test_the_router_is_the_last_filter_of_an_http_chain():
    (manager,) = parts.http_chain("x", [], [parts.http_filter("rbac", "rbac.v3.RBAC")])["filters"]
    names = [one["name"] for one in manager["typed_config"]["http_filters"]]
    assert names == ["envoy.filters.http.rbac", "envoy.filters.http.router"]
    assert manager["typed_config"]["use_remote_address"] is True
    (trusting,) = parts.http_chain("x", [], trusts_client=True)["filters"]
    assert trusting["typed_config"]["use_remote_address"] is False


def test_names_are_looked_at_only_where_a_listener_is_told_to():
    chain = parts.passing_chain(["a.test"], "pods")
    assert parts.tls_listener("x", "192.0.2.1", [chain], inspect_tls=True)["listener_filters"]
    assert "listener_filters" not in parts.listener("x", "192.0.2.1", [chain])


def test_a_chain_may_be_for_some_names_only():
    chain = parts.for_names(parts.http_chain("x", []), ["a.test", "b.test"])
    assert chain["filter_chain_match"] == {"server_names": ["a.test", "b.test"]} and chain["filters"]
