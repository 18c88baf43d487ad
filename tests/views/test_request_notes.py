"""Notes on requests: what the table has no column for, read by a person."""

from __future__ import annotations

from dataclasses import replace

from captools.model.evidence import Confidence
from captools.model.requests import Attempt, Backend, ClientLeg, Proxy, Request, TlsSession
from captools.views.request_notes import request_notes, session_notes, times

POD = Backend(ip="172.20.2.33", port=80, pod="default/webpod", node="k8s-w0")
TRY = Attempt(
    src="172.20.1.35", sport=40000, dst=POD.ip, dport=80, points=(), status=200, source_kind="ingress", backend=POD,
    result="answered", wait_ns=3_000_000, host="shop", path="/a",
)  # fmt: skip
LEG = ClientLeg(src="192.168.10.200", sport=50000, dst="192.168.10.212", dport=80, points=())
PROXY = Proxy(node="k8s-w1", source_address="172.20.1.35", source_kind="ingress")
REQUEST = Request(
    method="GET", path="/a", host="shop", status=200, request_id=None, client=LEG.src, xff=(LEG.src,), client_leg=LEG,
    attempts=(TRY,), backend_leg=TRY, proxy=PROXY, backend=POD, gateway_ns=1, total_ns=2, confidence=Confidence.PROVEN,
    client_by_packets=LEG.src, client_by_xff=LEG.src, xff_agrees=True,
)  # fmt: skip
SESSION = TlsSession(
    kind="passthrough", client_leg=replace(LEG, dport=443, sni="shop", over_tls=True), backend_legs=(TRY,), proxy=PROXY,
    backend=POD, requests=0, confidence=Confidence.PROVEN, note="",
)  # fmt: skip


def test_nothing_is_said_where_nothing_is_odd():
    assert request_notes(REQUEST) == []


def test_every_try_of_a_retried_request_is_told_with_its_backend():
    other = replace(POD, pod=None)
    tries = (replace(TRY, status=503), replace(TRY, status=None, result="reset", backend=other),
             replace(TRY, status=None, result="no-answer"), TRY)  # fmt: skip
    assert request_notes(replace(REQUEST, attempts=tries)) == [
        "4 attempts: 503 from default/webpod, reset from 172.20.2.33:80, no answer from default/webpod, "
        "200 from default/webpod"
    ]


def test_what_the_proxy_made_of_host_and_path_is_told():
    rewritten = replace(REQUEST, attempts=(replace(TRY, host="inner", path="/b"),))
    assert request_notes(rewritten) == ["the proxy asked for inner/b"]
    assert request_notes(replace(rewritten, client_leg=None)) == []  # what the client asked for is not known


def test_claims_and_contradictions_of_x_forwarded_for_are_told():
    assert request_notes(replace(REQUEST, xff_claimed=("203.0.113.9",))) == [
        "X-Forwarded-For 203.0.113.9 was claimed by whoever asked"
    ]
    assert request_notes(replace(REQUEST, client_by_xff="172.18.0.4", xff_agrees=False)) == [
        "X-Forwarded-For names 172.18.0.4, the packets 192.168.10.200"
    ]


def test_why_a_leg_is_missing_and_tls_are_told():
    told = replace(REQUEST, note="no backend leg was captured", client_leg=SESSION.client_leg, joined_by="time")
    assert request_notes(told) == ["no backend leg was captured", "client leg over TLS for shop, joined by time"]


def test_a_line_per_tls_session_says_where_it_ends(sample):
    one = SESSION
    ended = replace(one, kind="terminated", backend_legs=(), backend=None, requests=2)
    direct = replace(one, kind="end-to-end", backend_legs=(), proxy=None)
    hidden = replace(direct, kind="unknown", backend=None, client_leg=LEG)
    lines = session_notes(replace(sample.s8(), tls_sessions=(one, ended, direct, hidden, ended, hidden)))
    assert lines == [
        "TLS from 192.168.10.200 to 192.168.10.212:443 for shop: passed on unopened to default/webpod on k8s-w0 "
        "from 172.20.1.35 (ingress)",
        "TLS from 192.168.10.200 to 192.168.10.212:443 for shop: ends at the proxy on k8s-w1 (2 sessions, 4 requests joined)",
        "TLS from 192.168.10.200 to 192.168.10.212:443 for shop: ends at the pod default/webpod on k8s-w0",
        "TLS from 192.168.10.200 to 192.168.10.212:80 for no name: what is inside is not known (2 sessions)",
    ]


def test_our_measure_stands_beside_envoys():
    assert times(REQUEST) == ""
    assert times(replace(REQUEST, backends_ns=3_200_000)) == "3.20 ms until the backend answered"
    assert times(replace(REQUEST, backends_ns=3_200_000, envoy_upstream_ms=3)).endswith("(Envoy says 3 ms)")
