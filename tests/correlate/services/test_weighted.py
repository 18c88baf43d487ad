"""Requests spread by weight: what is counted, and when nothing is said about chance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.services.weighted import weighted
from captools.lab.scenarios.s15_canary_and_rate_limit import SCENARIO
from captools.model.cluster import Cluster, Service
from captools.model.evidence import Confidence
from captools.model.requests import Attempt, Backend, ClientLeg, Proxy, Request
from captools.model.routes import ProxyRoute, RouteMatch, RouteRule, RouteTarget
from captools.model.services import Distribution, Policy
from tests.correlate.material import material

STABLE, CANARY, ELSEWHERE = "10.0.0.1", "10.0.0.2", "10.0.0.3"


def cluster(**weights: int) -> Cluster:
    targets = tuple(RouteTarget(namespace="shop", service=name, weight=weight) for name, weight in weights.items())
    rule = RouteRule(matches=(RouteMatch(),), targets=targets)
    return Cluster(
        routes=(ProxyRoute(kind="HTTPRoute", namespace="shop", name="web", hosts=("a.test",), rules=(rule,)),),
        services=(Service(namespace="shop", name="stable", backends=(STABLE,)),
                  Service(namespace="shop", name="canary", backends=(CANARY,))),
    )  # fmt: skip


NINETY = cluster(stable=90, canary=10)
LEG = ClientLeg(src="192.0.2.1", sport=40000, dst="192.0.2.7", dport=80, points=("n/eth0",))


def request(address: str | None, at: int, *, status: int = 200, by: str = "backend") -> Request:
    backend = Backend(ip=address, port=80, pod=None, node=None) if address else None
    tries = ()
    if backend:
        tries = (Attempt(src="10.0.0.9", sport=1, dst=backend.ip, dport=80, points=("n/lxc",), status=status,
                         source_kind="node", backend=backend),)  # fmt: skip
    return Request(
        method="GET", path="/", host="a.test", status=status, request_id=None, client=LEG.src, xff=(), client_leg=LEG,
        attempts=tries, backend_leg=None, backend=backend, gateway_ns=None, total_ns=None, confidence=Confidence.LIKELY,
        proxy=Proxy(node="n", source_address="10.0.0.9", source_kind="node"), ts_ns=at, answered_by=by,
    )  # fmt: skip


def fell(*addresses: str | None) -> list[Request]:
    return [request(address, at) for at, address in enumerate(addresses)]


def only(found) -> Distribution:
    (one,) = found
    return one


def test_requests_are_counted_by_service_against_its_weight():
    one = only(weighted(fell(*[STABLE] * 18, *[CANARY] * 2), NINETY, ""))
    assert (one.what, one.name, one.address, one.port, one.node) == (
        "request", "HTTPRoute shop/web: prefix /", "192.0.2.7", 80, "n",
    )  # fmt: skip
    assert [(share.name, share.count, share.expected) for share in one.shares] == [
        ("shop/stable", 18, 0.9), ("shop/canary", 2, 0.1),
    ]  # fmt: skip
    assert (one.policy, one.confidence, one.unseen) == (Policy.WEIGHTED, Confidence.LIKELY, 0)
    assert one.chance == pytest.approx(1.0), "the likeliest outcome of all"


def test_a_service_without_weight_must_get_nothing():
    one = only(weighted(fell(*[STABLE] * 19, CANARY), cluster(stable=1, canary=0), ""))
    assert one.chance == 0.0


def test_what_the_proxy_refused_was_no_lot_and_what_it_could_not_place_is_unseen():
    some = fell(*[STABLE] * 18, *[CANARY] * 2)
    refused = request(None, 90, status=429, by="proxy")
    assert only(weighted([*some, refused], NINETY, "")).unseen == 0
    failed = request(None, 91, status=503, by="proxy")
    one = only(weighted([*some, failed], NINETY, ""))
    assert one.unseen == 1 and one.chance is None and "1 more" in one.untested


@pytest.mark.parametrize("where", [None, ELSEWHERE])
def test_a_backend_that_is_not_known_leaves_the_shares_untested(where):
    one = only(weighted(fell(*[STABLE] * 20, where), NINETY, ""))
    assert one.unseen == 1 and one.chance is None


def test_a_pod_of_two_services_tells_nothing():
    shared = replace(NINETY, services=tuple(replace(one, backends=(STABLE,)) for one in NINETY.services))
    assert list(weighted(fell(*[STABLE] * 20), shared, "")) == []


@pytest.mark.parametrize("leg", [None, replace(LEG, over_tls=True)])
def test_requests_seen_behind_the_proxy_alone_are_no_fair_sample(leg):
    """Only one Service's node may have been captured: then it seems to get everything."""
    behind = [replace(one, client_leg=leg) for one in fell(*[CANARY] * 40)]
    assert list(weighted(behind, NINETY, "")) == []
    one = only(weighted([*fell(*[STABLE] * 20), *behind], NINETY, ""))
    assert one.total == 20 and one.chance is None and "behind the proxy alone" in one.untested


def test_few_requests_one_service_or_no_route_are_no_shares():
    assert list(weighted(fell(*[STABLE] * 5), NINETY, "")) == []
    assert list(weighted(fell(*[STABLE] * 40), cluster(stable=1), "")) == []
    assert list(weighted(fell(*[STABLE] * 40), replace(NINETY, routes=()), "")) == []


def test_with_one_backend_out_of_sight_the_recorded_case_is_not_tested():
    session = material(SCENARIO.id)
    for point in ("k8s-w1/eth1", "router/eth2", "router/eth1", "k8s-w0/eth1", "k8s-w0/lxcee77f40d2cc8"):
        fewer = session.without(point)
        for one in fewer.analysed().services.distributions:
            assert one.chance is None or one.total == 40, point
    blind = session.without("k8s-w1/lxc4be40faccd59").analysed()
    assert all(one.chance is None for one in blind.services.distributions)
