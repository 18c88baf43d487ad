"""Which configured rule a request falls under, by the Gateway API and by how Cilium sorts Envoy's routes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.requests.rules import Rules, asked_about
from captools.model.cluster import Cluster, Service
from captools.model.evidence import Confidence
from captools.model.requests import ClientLeg, Request
from captools.model.routes import (
    Gateway,
    PathKind,
    ProxyRoute,
    RouteMatch,
    RouteRule,
    RouteTarget,
    ValueMatch,
)

VIP, OTHER = "192.0.2.7", "192.0.2.8"
FRONT = Gateway(namespace="shop", name="front", addresses=(VIP,))


def rule(service: str, *matches: RouteMatch, **weights: int) -> RouteRule:
    targets = {service: 1, **weights} if service else weights
    return RouteRule(
        matches=matches or (RouteMatch(),),
        targets=tuple(RouteTarget(namespace="shop", service=name, weight=weight) for name, weight in targets.items()),
    )


def route(*rules: RouteRule, hosts: tuple[str, ...] = (), name: str = "web", kind: str = "HTTPRoute") -> ProxyRoute:
    return ProxyRoute(kind=kind, namespace="shop", name=name, hosts=hosts, gateways=(FRONT.full_name,), rules=rules)


def asked(path: str = "/", host: str = "a.test", *, method: str = "GET", vip: str = VIP, **headers: str) -> Request:
    leg = ClientLeg(src="192.0.2.1", sport=40000, dst=vip, dport=80, points=("n/eth0",))
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        method=method, path=path, host=host, status=200, request_id=None, client="192.0.2.1", xff=(), client_leg=leg,
        attempts=(), backend_leg=None, proxy=None, backend=None, gateway_ns=None, total_ns=None,
        confidence=Confidence.PROVEN, headers=lambda: sent,
    )  # fmt: skip


def service_of(routes: tuple[ProxyRoute, ...], request: Request) -> str | None:
    found = Rules(Cluster(gateways=(FRONT,), routes=routes)).chosen(request)
    return found.rule.targets[0].service if found else None


EXACT, PREFIX = RouteMatch(path="/a", path_kind=PathKind.EXACT), RouteMatch(path="/a/")
REGEX = RouteMatch(path="/it[a-z]+/[0-9]+", path_kind=PathKind.REGEX)
PATHS = (route(rule("any"), rule("prefix", PREFIX), rule("regex", REGEX), rule("exact", EXACT)),)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/a", "exact"), ("/a?x=1", "exact"), ("/a/", "prefix"), ("/a/b", "prefix"), ("/ab", "any"), ("/", "any"),
        ("/item/42", "regex"), ("/item/42/more", "any"), ("/x/item/42", "any"), ("/item/", "any"),
    ],
)  # fmt: skip
def test_exact_paths_come_first_then_the_longer_pattern_and_prefixes_cover_whole_elements(path, service):
    assert service_of(PATHS, asked(path)) == service


def test_headers_queries_and_methods_must_all_be_there():
    beta = RouteMatch(headers=(ValueMatch(name="x-version", value="beta"),))
    both = replace(beta, query=(ValueMatch(name="q", value="[0-9]+", regex=True),))
    routes = (route(rule("any"), rule("beta", beta), rule("both", both), rule("post", RouteMatch(method="POST"))),)
    assert service_of(routes, asked()) == "any"
    assert service_of(routes, asked(x_version="beta")) == "beta"
    assert service_of(routes, asked(x_version="Beta")) == service_of(routes, asked(x_version="beta2")) == "any"
    assert service_of(routes, asked("/?q=12", x_version="beta")) == "both"
    assert service_of(routes, asked("/?q=1x", x_version="beta")) == "beta"
    assert service_of(routes, asked("/?q=12")) == "any"
    assert service_of(routes, asked(method="POST")) == "post"


def test_the_name_that_fits_best_takes_all_requests_for_it():
    routes = (
        route(rule("any"), name="any"), route(rule("wild"), hosts=("*.test",), name="wild"),
        route(rule("exact", EXACT), hosts=("a.test",), name="exact"),
    )  # fmt: skip
    assert service_of(routes, asked("/a", "A.test:8080")) == "exact"
    assert service_of(routes, asked("/other", "a.test")) is None, "one virtual host: no other one is asked"
    assert service_of(routes, asked("/a", "x.b.test")) == "wild"
    assert service_of(routes, asked("/a", "test")) == service_of(routes, asked("/a", "192.0.2.7")) == "any"


def test_an_ingress_wildcard_stands_for_one_label():
    routes = (route(rule("wild"), hosts=("*.test",), kind="Ingress"),)
    assert service_of(routes, asked(host="a.test")) == "wild"
    assert service_of(routes, asked(host="x.a.test")) is None


def test_routes_of_another_address_do_not_count_and_those_of_no_known_one_may():
    assert service_of(PATHS, asked("/a", vip=OTHER)) is None
    assert Rules(Cluster(routes=PATHS)).chosen(asked("/a", vip=OTHER)) is not None
    rules = Rules(Cluster(gateways=(FRONT,), routes=PATHS))
    assert rules.knows(asked().client_leg) and not rules.knows(asked(vip=OTHER).client_leg)


def test_where_versions_of_cilium_differ_no_rule_is_named():
    regex = RouteMatch(path="/l.*", path_kind=PathKind.REGEX)
    routes = (route(rule("prefix", RouteMatch(path="/longer")), rule("regex", regex)),)
    assert service_of(routes, asked("/longer/x")) is None
    assert service_of(routes, asked("/lo")) == "regex"


def test_a_pattern_that_is_none_or_would_take_for_ever_fits_nothing():
    broken = RouteMatch(path="/(", path_kind=PathKind.REGEX)
    slow = RouteMatch(path="/(a|a?)+b" * 400, path_kind=PathKind.REGEX)
    assert service_of((route(rule("x", broken), rule("y", slow)),), asked("/(")) is None
    assert service_of((route(rule("x", REGEX)),), asked("/item/\udc80")) is None


def test_passed_on_tls_has_no_rules_for_requests():
    assert service_of((replace(route(rule("x")), tls_passed=True),), asked()) is None


def test_shares_are_weights_with_the_backends_of_known_services():
    cluster = Cluster(
        gateways=(FRONT,),
        routes=(route(rule("", stable=90, canary=10, off=0)),),
        services=(Service(namespace="shop", name="stable", backends=("10.0.0.1", "10.0.0.2")),
                  Service(namespace="shop", name="off", backends=("10.0.0.9",))),
    )  # fmt: skip
    rules = Rules(cluster)
    chosen = rules.chosen(asked())
    assert chosen is not None and str(chosen) == "HTTPRoute shop/web: prefix /"
    assert [(one.target.service, one.fraction, one.backends) for one in rules.shares(chosen.rule)] == [
        ("stable", 0.9, ("10.0.0.1", "10.0.0.2")), ("canary", 0.1, ()), ("off", 0.0, ("10.0.0.9",)),
    ]  # fmt: skip
    assert rules.as_configured(chosen, "10.0.0.2") is True
    assert rules.as_configured(chosen, "10.0.0.9") is None, "it may be the canary's too: nobody told its backends"
    assert rules.as_configured(replace(chosen, rule=rule("off")), "10.0.0.1") is False
    none = Rules(replace(cluster, services=()))
    assert none.as_configured(chosen, "10.0.0.1") is None


def test_what_routes_look_at_is_told():
    beta = RouteMatch(headers=(ValueMatch(name="x-a", value="1"),), query=(ValueMatch(name="q", value="2"),))
    assert list(asked_about([route(rule("x", beta))])) == [("header", "x-a"), ("query", "q")]
