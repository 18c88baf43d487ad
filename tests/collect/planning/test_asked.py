"""A request as it is asked for, and where it leads by the inventory of recorded labs."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.collect.planning.asked import destination_of, host_fits, known_addresses, read_url, routes_at
from captools.lab.topology import VIP_DEDICATED, VIP_SHARED, WEBPODS
from captools.model.cluster import Cluster, Service
from captools.model.errors import UsageError
from captools.model.routes import Gateway, PathKind, ProxyRoute, RouteMatch, RouteRule, RouteTarget, ValueMatch
from tests.collect.recorded import cluster


@pytest.mark.parametrize(
    ("text", "host", "address", "port", "path"),
    [
        ("http://192.168.10.211/a?b=c", "192.168.10.211", "192.168.10.211", 80, "/a"),
        ("https://shop.example", "shop.example", "", 443, "/"),
        ("http://[FD00:0::211]:8080/x", "fd00:0::211", "fd00::211", 8080, "/x"),
        ("HTTP://Shop.Example.:81/", "shop.example", "", 81, "/"),
    ],
)
def test_a_url_is_taken_apart(text, host, address, port, path):
    asked = read_url(text)
    assert (asked.host, asked.address, asked.port, asked.path) == (host, address, port, path)
    assert asked.name == ("" if address else "shop.example")


@pytest.mark.parametrize(
    "text", ["", "192.168.10.211", "ftp://a/", "http:///x", "http://a:99999/", "http://[fe80::1%25eth0]/",
             "http://u:p@a/", "http://a b/", "http://a/\x1b[2J", "http://[::1/", "http://a:0/"],
)  # fmt: skip
def test_anything_else_is_a_usage_error_with_examples(text):
    with pytest.raises(UsageError, match=r"write http://192.168.10.211/path"):
        read_url(text)


@given(st.text(max_size=60))
def test_any_text_is_a_request_or_a_usage_error(text):
    with contextlib.suppress(UsageError):
        assert read_url(text).host


def service(name, **more):
    return Service(namespace="shop", name=name, **more)


def route(*rules, hosts=(), **more):
    return ProxyRoute(kind="HTTPRoute", namespace="shop", name="r", hosts=hosts, rules=rules, **more)


def to(name, path="/", kind=PathKind.PREFIX, **more):
    target = RouteTarget(namespace="shop", service=name)
    return RouteRule(matches=(RouteMatch(path=path, path_kind=kind, **more),), targets=(target,))


SHOP = Cluster(
    services=(
        service("web", cluster_ips=("10.96.0.1",), ports=((80, 8080),), backends=("172.20.1.1",)),
        service("api", cluster_ips=("10.96.0.2",), ports=((80, 8080),), backends=("172.20.1.2",)),
        service("canary", cluster_ips=("10.96.0.3",), ports=((80, 8080),), backends=("172.20.1.3",)),
    ),
    gateways=(Gateway(namespace="shop", name="gw", addresses=("192.168.10.215",)),),
    routes=(
        route(to("web"), to("api", "/api"), to("canary", "/api", headers=(ValueMatch(name="x", value="y"),)),
              hosts=("shop.example", "*.shop.example"), gateways=("shop/gw",)),
        route(to("canary"), hosts=("other.example",), gateways=("shop/gw",)),
    ),
)  # fmt: skip


def backends(url, name=""):
    return set(destination_of(read_url(url, name), SHOP).backends)


def test_the_proxys_routes_decide_by_name_and_path():
    assert backends("http://shop.example/") == {"172.20.1.1"}
    # whether the header is there is not known: both rules for /api can take it, the one for / cannot
    assert backends("http://a.shop.example/api/7") == {"172.20.1.2", "172.20.1.3"}
    assert backends("http://192.168.10.215/x", "other.example") == {"172.20.1.3"}


def test_without_a_name_every_route_of_the_address_counts_and_that_is_said():
    found = destination_of(read_url("http://192.168.10.215/x"), SHOP)
    assert set(found.backends) == {"172.20.1.1", "172.20.1.3"} and found.proxied and not found.unknown
    assert any("the Host header is not known" in note for note in found.notes)


def test_a_route_to_a_service_that_nobody_knows_leaves_the_backends_unknown():
    lost = Cluster(services=SHOP.services, gateways=SHOP.gateways, routes=(route(to("gone"), gateways=("shop/gw",)),))
    assert (
        destination_of(read_url("http://192.168.10.215/"), lost).unknown == "service shop/gone is not in the inventory"
    )
    none = Cluster(
        services=SHOP.services, gateways=SHOP.gateways, routes=(route(to("web", "/a"), gateways=("shop/gw",)),)
    )
    assert destination_of(read_url("http://192.168.10.215/b"), none).unknown == "no route there is for /b"


def test_patterns_are_compared_and_one_that_cannot_be_read_may_fit():
    rules = (to("web"), to("api", "/item/[0-9]+", PathKind.REGEX), to("canary", "/(", PathKind.REGEX))
    lab = Cluster(services=SHOP.services, gateways=SHOP.gateways, routes=(route(*rules, gateways=("shop/gw",)),))
    assert set(destination_of(read_url("http://192.168.10.215/item/7"), lab).backends) == {
        "172.20.1.1", "172.20.1.2", "172.20.1.3",
    }  # fmt: skip
    assert set(destination_of(read_url("http://192.168.10.215/item/x"), lab).backends) == {"172.20.1.1", "172.20.1.3"}


def test_names_of_services_are_those_of_the_clusters_dns():
    for host in ("web.shop", "web.shop.svc", "web.shop.svc.cluster.local", "web"):
        assert known_addresses(read_url(f"http://{host}/"), SHOP) == ("10.96.0.1",)
    assert known_addresses(read_url("http://web.other.svc/"), SHOP) == ()


def test_a_name_nobody_knows_asks_for_the_address_and_a_resolved_one_is_taken():
    with pytest.raises(
        UsageError, match=r"neither the inventory .* knows x.test; write the address: --request .*--host x.test"
    ):
        destination_of(read_url("http://x.test/"), SHOP)
    found = destination_of(replace(read_url("http://x.test/"), resolved=("10.96.0.1",)), SHOP)
    assert found.backends == ("172.20.1.1",) and "by this machine's resolver" in found.notes[0]


def test_wildcards_stand_for_names_below_and_not_for_the_name_itself():
    only = route(to("web"), hosts=("*.example",))
    assert host_fits(only, "a.example") and not host_fits(only, "example") and host_fits(route(to("web")), "any")


def test_a_recorded_ingress_leads_to_the_pods_its_rules_name():
    found = destination_of(read_url(f"http://{VIP_SHARED}/"), cluster("s10-l7-routing"))
    webpods = {pod.ip for pod in WEBPODS}
    assert found.proxied and not found.unknown and set(found.backends) <= webpods and found.backends
    assert [one.full_name for one in found.services] == ["kube-system/cilium-ingress"]
    assert routes_at(cluster("s10-l7-routing"), (VIP_SHARED,))


def test_a_recorded_ingress_without_its_rules_leaves_the_backends_unknown():
    found = destination_of(read_url(f"http://{VIP_DEDICATED}/"), cluster("s8-ingress-dedicated-snat"))
    assert found.backends == () and "no Ingress, Gateway or route of the inventory has its address" in found.unknown


def test_a_wrong_port_a_pod_and_a_stranger_are_told_apart():
    lab = cluster("s3-service-distribution")
    wrong = destination_of(read_url("http://10.96.73.11:81/"), lab)
    assert wrong.notes == ("service default/webpod has no port 81",) and set(wrong.backends) == {p.ip for p in WEBPODS}
    assert destination_of(read_url(f"http://{WEBPODS[0].ip}/"), lab).backends == (WEBPODS[0].ip,)
    assert (
        destination_of(read_url("http://203.0.113.9/"), lab).unknown
        == "the inventory does not know what 203.0.113.9 is"
    )
