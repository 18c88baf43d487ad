"""xff-forged: what a client claims is told from what proxies write, and from what never reached a backend."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.analysis import Analysis
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from tests.correlate.material import FINE, S8, material
from tests.correlate.requests.stage import CLIENT, CLUSTER, FRONT, VIP, back
from tests.correlate.talk import Ends, get, read, reply

RULE = "xff-forged"
CASE = "xff-forged"
CLAIM = "203.0.113.9"


def asked(sent: dict[str, str], passed: str, ends: Ends = FRONT, at: float = 0, path: str = "/a") -> list:
    """A request with headers of the client, and with another X-Forwarded-For on the backend leg."""
    body = f"hello {path}".encode()
    inner = replace(back(), sport=33000 + ends.sport % 1000 + round(at))
    return [
        ends.ask(at, get(path, **sent), seq=1 + round(at) * 100),
        inner.ask(at + 2, get(path, x_forwarded_for=passed, x_envoy_internal="true")),
        inner.answer(at + 10, reply(200, body)),
        ends.answer(at + 13, reply(200, body, server="envoy", x_envoy_upstream_service_time="8"), seq=1 + round(at) * 100),
    ]  # fmt: skip


def seen(*frames: tuple[int, bytes], config: dict[str, str] | None = None) -> Analysis:
    return read(k8s_w1__eth1=list(frames)).analysed(replace(CLUSTER, config=config or {}))


def test_both_ways_of_handing_it_on_are_told_apart(fired):
    found = {one.subject["dst"]: one for one in fired(RULE, CASE)}
    assert set(found) == {"192.168.10.211", "192.168.10.212"}
    for one in found.values():
        assert (one.severity, one.confidence) == (Severity.WARNING, Confidence.LIKELY)
        assert (one.subject["src"], one.subject["name"], one.subject["node"]) == ("192.168.10.200", CLAIM, "k8s-w1")
        assert "webpod-697b545f57-xm4vk" in one.statement
    assert f'"{CLAIM}, 192.168.10.200"' in found["192.168.10.211"].statement
    assert "2 requests" in found["192.168.10.211"].statement
    assert "nothing that names 192.168.10.200" in found["192.168.10.212"].statement


def test_evidence_shows_the_header_as_the_client_sent_it_and_as_the_backend_got_it(fired):
    found = fired(RULE, CASE)
    assert found
    for one in found:
        shows = {proof.shows for proof in one.evidence}
        assert {"the request on the client leg", "the request on the backend leg"} <= shows


@pytest.mark.parametrize("name", [S8, FINE, "proxy-tls", "s9-ingress-denied", "demo-skewed"])
def test_it_is_silent_where_clients_claim_nothing(fired, name):
    assert fired(RULE, name) == []


def test_a_claim_that_a_backend_was_told_is_one(fired):
    (one,) = fired(RULE, seen(*asked({"x_forwarded_for": CLAIM}, f"{CLAIM}, {CLIENT}")))
    assert one.subject["dst"] == VIP and one.confidence is Confidence.LIKELY


@pytest.mark.parametrize(
    ("sent", "passed"),
    [
        ({"x_forwarded_for": CLAIM}, CLIENT),  # the proxy threw it away
        ({"x_forwarded_for": CLIENT}, f"{CLIENT}, {CLIENT}"),  # the truth
        ({"x_forwarded_for": CLAIM, "x_forwarded_proto": "https"}, f"{CLAIM}, {CLIENT}"),  # a proxy in front
        ({"x_forwarded_for": CLAIM, "via": "1.1 cdn"}, f"{CLAIM}, {CLIENT}"),
        ({}, CLIENT),
    ],
)
def test_what_harms_nobody_or_comes_of_a_proxy_is_none(fired, sent, passed):
    assert fired(RULE, seen(*asked(sent, passed))) == []


def test_several_clients_over_one_connection_are_as_of_a_load_balancer(fired):
    first = asked({"x_forwarded_for": CLAIM}, f"{CLAIM}, {CLIENT}")
    second = asked({"x_forwarded_for": "203.0.113.10"}, f"203.0.113.10, {CLIENT}", at=20, path="/b")
    found = fired(RULE, seen(*first, *second))
    assert len(found) == 2 and {one.confidence for one in found} == {Confidence.POSSIBLE}
    assert all("unless it is a load balancer" in one.statement for one in found)


def test_where_the_cluster_counts_on_proxies_in_front_it_may_be_one(fired):
    frames = asked({"x_forwarded_for": CLAIM}, f"{CLAIM}, {CLIENT}")
    (one,) = fired(RULE, seen(*frames, config={"proxy-xff-num-trusted-hops-ingress": "1"}))
    assert one.confidence is Confidence.POSSIBLE and "proxy-xff-num-trusted-hops-ingress" in one.statement
    (none,) = fired(RULE, seen(*frames, config={"proxy-xff-num-trusted-hops-ingress": "0"}))
    assert none.confidence is Confidence.LIKELY


def test_the_backend_leg_alone_cannot_tell_a_client_from_a_proxy_in_front(fired):
    less = material(CASE).without("router/eth1").without("k8s-w1/eth1").without("k8s-ctr/eth1")
    assert fired(RULE, less.analysed()) == []


def test_ports_and_brackets_of_entries_do_not_matter(fired):
    (one,) = fired(RULE, seen(*asked({"x_forwarded_for": f"{CLAIM}:4711"}, f"{CLAIM}:4711, {CLIENT}")))
    assert one.subject["name"] == CLAIM


def test_over_tls_the_backend_leg_tells_and_it_is_only_possible(fired):
    analysis = seen(*asked({"x_forwarded_for": CLAIM}, f"{CLAIM}, {CLIENT}"))
    (request,) = analysis.requests
    assert request.client_leg is not None
    sealed = replace(request, client_leg=replace(request.client_leg, over_tls=True))
    (one,) = fired(RULE, replace(analysis, requests=(sealed,)))
    assert one.confidence is Confidence.POSSIBLE and "TLS was not read" in one.statement


def test_a_proxy_behind_a_proxy_forges_nothing(fired):
    """The first proxy's connection to the second carries X-Forwarded-For, as it should."""
    middle = Ends("172.20.1.35", 35000, "192.168.20.100", server_mac="02:00:00:00:02:01")
    chain = {"x_forwarded_for": CLIENT, "x_request_id": "one"}
    body = reply(200, b"hello")
    frames = [
        FRONT.ask(0, get("/a", x_request_id="one")),
        middle.ask(1, get("/a", **chain)),
        back("172.20.2.99").ask(2, get("/a", x_forwarded_for=f"{CLIENT}, 172.20.1.35", x_request_id="one")),
        back("172.20.2.99").answer(3, body),
        middle.answer(4, body),
        FRONT.answer(5, body),
    ]
    assert fired(RULE, seen(*frames)) == []
