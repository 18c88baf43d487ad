"""Every request of every reference case, against what its client and its backend say themselves.

whoami's RemoteAddr names the backend connection (after source NAT, if any), Envoy's x-envoy-attempt-count the tries.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from captools.lab.topology import EVERY_POD, LEADER, NODES
from captools.model.analysis import Analysis
from captools.model.requests import Request, TlsSession
from captools.model.units import from_rfc3339
from captures import case, cases
from tests.agreement.telling import analysed

MS = 1_000_000


def told(*, passed: bool) -> list[tuple[str, int]]:
    """All requests that clients tell of: through TLS that the proxy did not open, or others."""
    return [
        (one.name, at)
        for one in cases()
        for at, request in enumerate(one.truth["truth"].get("requests", ()))
        if request.get("passed", False) is passed
    ]


def truth(name: str, at: int) -> dict[str, Any]:
    found: dict[str, Any] = case(name).truth["truth"]["requests"][at]
    return found


def proxied(wanted: dict[str, Any]) -> bool:
    """Tell whether Envoy had the request answered by a backend; another address alone may be a masquerade."""
    return "upstream_ms" in wanted and wanted["remote_addr"] != ""


def proxy_node(wanted: dict[str, Any]) -> str:
    """Return where the proxy runs: one between pods runs on the client's node.

    A VIP is the leader's, unless the backend saw another node's ingress address: the VIP may move.
    """
    if wanted["address"] in {pod.ip for pod in EVERY_POD}:
        return next(pod.node for pod in EVERY_POD if pod.ip == wanted["client"])
    return next((node.name for node in NODES if node.ingress == wanted["remote_addr"]), LEADER)


def request_of(analysis: Analysis, told: dict[str, Any]) -> Request:
    begun, ended = from_rfc3339(told["started"]), from_rfc3339(told["ended"])
    hits = [
        one
        for one in analysis.requests
        if one.client_leg is not None
        and (one.client_leg.src, one.client_leg.sport) == (told["client"], told["client_port"])
        and (one.client_leg.dst, one.client_leg.dport) == (told["address"], told["port"])
        and (one.method, one.path) == (told["method"], told["path"])
        and begun <= one.ts_ns <= ended
    ]
    assert len(hits) == 1, f"{len(hits)} requests for {told}"
    return hits[0]


@pytest.mark.parametrize(("name", "at"), told(passed=False))
def test_every_request_tells_its_client_and_its_times(name: str, at: int) -> None:
    wanted, found = truth(name, at), request_of(analysed(name), truth(name, at))
    assert (found.status, found.client, found.client_by_packets) == (wanted["status"], *[wanted["client"]] * 2)
    # The client measured from outside: it cannot have waited less than the wire shows.
    assert found.total_ns is not None
    assert found.total_ns <= from_rfc3339(wanted["ended"]) - from_rfc3339(wanted["started"])
    assert found.client_leg is not None and found.client_leg.over_tls is bool(wanted.get("sni"))
    assert (found.client_leg.sni or "") == wanted.get("sni", "")


@pytest.mark.parametrize(("name", "at"), told(passed=False))
def test_every_request_tells_the_backend_connection_that_the_backend_saw(name: str, at: int) -> None:
    wanted, found = truth(name, at), request_of(analysed(name), truth(name, at))
    if not proxied(wanted):
        return
    attempt = found.backend_leg
    assert attempt is not None and found.proxy is not None and found.backend is not None
    assert (attempt.src, attempt.sport) == (wanted["remote_addr"], wanted["remote_port"])
    assert (found.proxy.source_kind, found.proxy.node) == (wanted["source_kind"], proxy_node(wanted))
    assert found.answered_by == "backend"
    if wanted["xff"]:
        chain = [one.strip() for one in wanted["xff"].split(",")]
        assert list(found.xff) == chain
        # A proxy that trusts its clients hands on what they claim: then the header names whom they like.
        assert (found.client_by_xff, found.xff_agrees) == (chain[-1], chain[-1] == wanted["client"])
        assert found.request_id == wanted["request_id"]
    assert found.gateway_ns is not None and found.total_ns is not None and 0 < found.gateway_ns < found.total_ns


@pytest.mark.parametrize(("name", "at"), told(passed=False))
def test_every_request_tells_the_pod_that_served_it(name: str, at: int) -> None:
    wanted, found = truth(name, at), request_of(analysed(name), truth(name, at))
    if not wanted["backend_pod"]:
        return
    assert found.backend is not None
    assert (found.backend.ip, found.backend.node) == (wanted["backend_ip"], wanted["backend_node"])
    assert (found.backend.pod or "").partition("/")[2] == wanted["backend_pod"]
    assert (found.proxy is not None) is proxied(wanted)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        (name, at)
        for name, at in told(passed=False)
        if truth(name, at)["status"] >= 400 and not truth(name, at)["remote_addr"]
    ],
)
def test_what_the_proxy_answered_itself_is_told_from_what_a_backend_did(name: str, at: int) -> None:
    wanted, found = truth(name, at), request_of(analysed(name), truth(name, at))
    assert found.answered_by == "proxy" and found.backend_leg is None
    assert found.proxy is not None and found.proxy.node == proxy_node(wanted)
    assert bool(found.attempts) is (wanted["status"] >= 500)


@pytest.mark.parametrize(
    ("name", "at"), [(name, at) for name, at in told(passed=False) if "attempts" in truth(name, at)]
)
def test_every_try_of_a_retried_request_is_told(name: str, at: int) -> None:
    wanted, found = truth(name, at), request_of(analysed(name), truth(name, at))
    assert len(found.attempts) == wanted["attempts"] > 1
    way = "reset" if "how=reset" in wanted["path"] else "answered"
    assert {one.result for one in found.attempts[:-1]} == {way}


@pytest.mark.parametrize(
    ("name", "at"), [(name, at) for name, at in told(passed=False) if truth(name, at).get("upstream_ms") is not None]
)
def test_envoys_own_measure_of_its_backends_agrees_with_the_packets(name: str, at: int) -> None:
    wanted, found = truth(name, at), request_of(analysed(name), truth(name, at))
    assert found.backends_ns is not None and found.total_ns is not None
    # Envoy counts whole milliseconds, from the end of the client's request: a little more than the packets show.
    if not wanted.get("sni"):
        assert found.envoy_upstream_ms == wanted["upstream_ms"]
    assert found.backends_ns - MS < wanted["upstream_ms"] * MS <= found.total_ns + MS


@pytest.mark.parametrize(("name", "at"), told(passed=True))
def test_tls_that_was_passed_on_is_one_session_over_two_connections(name: str, at: int) -> None:
    wanted = truth(name, at)
    hits: list[TlsSession] = [
        one
        for one in analysed(name).tls_sessions
        if (one.client_leg.src, one.client_leg.sport) == (wanted["client"], wanted["client_port"])
    ]
    (found,) = hits
    assert (found.kind, found.confidence.value, found.client_leg.sni) == ("passthrough", "proven", wanted["sni"])
    (leg,) = found.backend_legs
    assert (leg.src, leg.sport, leg.source_kind) == (
        wanted["remote_addr"], wanted["remote_port"], wanted["source_kind"],
    )  # fmt: skip
    assert found.backend is not None and found.proxy is not None and found.proxy.node == proxy_node(wanted)
    assert (found.backend.pod or "").partition("/")[2] == wanted["backend_pod"]


@pytest.mark.parametrize("name", [one.name for one in cases()])
def test_no_request_is_told_twice_and_none_is_made_up(name: str) -> None:
    requests = [one for one in case(name).truth["truth"].get("requests", ()) if not one.get("passed", False)]
    more = sum(len(one["ports"]) - one["listed"] for one in case(name).truth["truth"].get("shares", ()))
    # The last request of a connection that broke was sent, and has no answer. One that never opened ("timeout", or the
    # name of an error such as ECONNREFUSED) carried none.
    flows = [one for one in case(name).truth["truth"].get("flows", ()) if one["proto"] == "tcp" and one["error"]]
    broken = sum(1 for one in flows if one["error"] != "timeout" and not one["error"].isupper())
    assert len(analysed(name).requests) == len(requests) + more + broken


def test_of_all_requests_through_a_proxy_none_is_joined_wrongly_and_none_is_missed() -> None:
    counts: Counter[str] = Counter()
    for name, at in told(passed=False):
        wanted = truth(name, at)
        if not proxied(wanted):
            continue
        found = request_of(analysed(name), wanted)
        leg = found.backend_leg
        if leg is None:
            counts["missing"] += 1
        else:
            counts["right" if (leg.src, leg.sport) == (wanted["remote_addr"], wanted["remote_port"]) else "wrong"] += 1
    print(dict(counts))
    assert counts["right"] >= 20 and not counts["wrong"] and not counts["missing"], counts
