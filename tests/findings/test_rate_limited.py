"""rate-limited: who answered 429, whom, and how many had passed before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.lab.scenarios.s15_canary_and_rate_limit import SCENARIO
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from tests.correlate.material import FINE, S8, material
from tests.correlate.requests.stage import CLUSTER, FORWARDED, FRONT, back, exchange
from tests.correlate.talk import get, read, reply

RULE, S15 = "rate-limited", SCENARIO.id


def test_it_names_the_proxy_the_host_and_what_passed_before(fired):
    (one,) = fired(RULE, S15)
    assert (one.severity, one.confidence) == (Severity.WARNING, Confidence.PROVEN)
    assert one.subject["node"] == "k8s-w1" and one.subject["name"] == "limited.lab.test"
    assert (one.subject["src"], one.subject["vip"]) == ("192.168.10.200", "192.168.10.212")
    assert "3 of 13 requests" in one.statement and "by the proxy itself on k8s-w1" in one.statement
    assert "In order, the first 10 passed and all that followed did not." in one.statement
    assert "token_bucket" in one.remedy and "limited.lab.test" in one.remedy


def test_its_frames_are_the_refused_requests_and_their_answers_at_each_point(fired):
    (one,) = fired(RULE, S15)
    assert [(proof.point, len(proof.frames)) for proof in one.evidence] == [
        ("router/eth1", 3), ("k8s-w1/eth1", 3), ("k8s-w1/eth1", 3), ("router/eth1", 3),
    ]  # fmt: skip


def test_other_answers_of_the_same_proxy_are_not_counted_as_passed(fired):
    """Of four requests one was denied, one had no route, one passed: one token was there."""
    (one,) = fired(RULE, "proxy-requests")
    assert "1 of 4 requests for guarded.lab.test" in one.statement
    assert "1 passed before the first 429, none later." in one.statement


@pytest.mark.parametrize("name", [S8, FINE, "proxy-tls"])
def test_it_is_silent_where_nobody_answers_429(fired, name):
    assert fired(RULE, name) == []


def at_w1(*frames):
    return read(k8s_w1__eth1=[one for some in frames for one in some]).analysed(CLUSTER)


def test_a_backends_own_limit_is_not_the_proxys(fired):
    busy = reply(429, b"slow down")
    front = exchange(
        FRONT, 0, 13, get("/a"), reply(429, b"slow down", server="envoy", x_envoy_upstream_service_time="8")
    )
    (one,) = fired(RULE, at_w1(front, exchange(back(), 2, 10, get("/a", **FORWARDED), busy)))
    assert "by the backend default/webpod-1 on k8s-w0" in one.statement and one.subject["pod"] == "default/webpod-1"
    assert "kubectl logs -n default webpod-1" in one.remedy


def test_who_refused_is_not_guessed_where_the_backends_were_not_captured(fired):
    answer = reply(429, b"slow down", server="envoy", x_envoy_upstream_service_time="8")
    (one,) = fired(RULE, at_w1(exchange(FRONT, 0, 13, get("/a"), answer)))
    assert one.confidence is Confidence.LIKELY and "by whom is not known" in one.statement
    assert one.subject["pod"] is None and "capture the proxy's node and the backends' too" in one.remedy


def test_some_that_passed_later_are_told(fired):
    """Not in order: what a bucket that is being refilled does."""
    frames = [
        one
        for number, status in enumerate((200, 429, 200))
        for one in exchange(replace(FRONT, sport=41000 + number), number * 50, number * 50 + 13, get(f"/{number}"),
                            reply(status, b"x" * (number + 1), server="envoy"))
    ]  # fmt: skip
    behind = [
        one
        for number in (0, 2)
        for one in exchange(replace(back(), sport=34000 + number), number * 50 + 2, number * 50 + 10,
                            get(f"/{number}", **{**FORWARDED, "x_request_id": f"id-{number}"}),
                            reply(200, b"x" * (number + 1)))
    ]  # fmt: skip
    (one,) = fired(RULE, at_w1(frames, behind))
    assert "1 of 3 requests" in one.statement
    assert "1 passed before the first 429, 1 later." in one.statement


@pytest.mark.parametrize("gone", ["k8s-w1/eth1", "router/eth1"])
def test_with_half_of_the_client_leg_the_proxy_is_named_no_more_surely(fired, gone):
    found = fired(RULE, material(S15).without(gone).analysed())
    assert len(found) == 1 and "3 of 13 requests" in found[0].statement
    assert "by the backend" not in found[0].statement


def test_what_passed_is_told_without_sight_of_the_backends_too(fired):
    blind = material(S15).without("k8s-w1/lxc4be40faccd59").analysed()
    (one,) = fired(RULE, blind)
    assert "In order, the first 10 passed" in one.statement and "by the backend" not in one.statement


def test_without_any_sight_of_the_clients_it_is_silent(fired):
    blind = material(S15).without("k8s-w1/eth1").without("router/eth1")
    assert fired(RULE, blind.analysed()) == []
