"""client-hidden: passed-on TLS, and proxies that name nobody; never where a header or an address names the client."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.evidence import Confidence
from captools.model.findings import Severity
from tests.correlate.material import FINE, S8, material
from tests.correlate.requests.stage import (
    CLIENT,
    CLUSTER,
    FRONT,
    INGRESS,
    POD,
    back,
    client_hello,
    server_hello,
)
from tests.correlate.talk import Ends, get, read, reply

RULE = "client-hidden"
OUT, IN = replace(FRONT, dport=443), replace(back(), dport=8443)
HELLO = client_hello(b"1" * 32, "shop", "h2")


def passed(first: bytes = b"", inner: Ends = IN):
    """A ClientHello that goes on as it came, with ``first`` before it on the backend leg."""
    frames = [OUT.ask(0, HELLO), inner.ask(1, first + HELLO), inner.answer(4, server_hello(bytes(32))),
              OUT.answer(5, server_hello(bytes(32)))]  # fmt: skip
    return read(k8s_w1__eth1=frames).analysed(CLUSTER)


def sent_on(**headers: str):
    body = b"an answer of its own"
    frames = [FRONT.ask(0, get("/a")), back().ask(2, get("/a", x_forwarded_proto="http", **headers)),
              back().answer(3, reply(200, body)), FRONT.answer(5, reply(200, body, server="envoy"))]  # fmt: skip
    return read(k8s_w1__eth1=frames).analysed(CLUSTER)


def test_passed_on_tls_hides_its_clients(fired):
    (one,) = fired(RULE, "proxy-tls")
    assert (one.severity, one.confidence) == (Severity.NOTE, Confidence.PROVEN)
    assert (one.subject["dst"], one.subject["node"], one.subject["name"]) == (
        "192.168.10.211", "k8s-w1", "passed.lab.test",
    )  # fmt: skip
    for word in ("192.168.10.200", "192.168.10.100", "172.20.1.35", "2 connections", "unopened"):
        assert word in one.statement, word


def test_a_proxy_that_writes_no_header_hides_them_too(fired):
    (one,) = fired(RULE, "xff-forged")
    assert one.subject["src"] == "192.168.10.100" and "without X-Forwarded-For" in one.statement
    assert {proof.point.partition("/")[0] for proof in one.evidence} >= {"k8s-ctr", "k8s-w1", "k8s-w0"}


@pytest.mark.parametrize("name", [S8, FINE, "s9-ingress-denied", "proxy-requests", "demo-skewed"])
def test_it_is_silent_where_x_forwarded_for_names_the_client(fired, name):
    assert fired(RULE, name) == []


def test_the_same_bytes_on_both_legs_prove_it(fired):
    (one,) = fired(RULE, passed())
    assert one.confidence is Confidence.PROVEN and "PROXY" not in one.statement
    assert (one.subject["src"], one.subject["dport"]) == (CLIENT, 443) and POD not in one.statement


def test_a_proxy_header_before_the_hello_may_name_it(fired):
    (one,) = fired(RULE, passed(b"PROXY TCP4 192.168.10.200 192.168.10.212 40000 443\r\n"))
    assert one.confidence is Confidence.LIKELY and "Only a PROXY header" in one.statement


def test_a_transparent_proxy_shows_its_client(fired):
    assert fired(RULE, passed(inner=replace(IN, src=CLIENT))) == []


def test_without_any_header_the_client_is_hidden(fired):
    (one,) = fired(RULE, sent_on())
    assert one.subject["src"] == CLIENT and INGRESS in one.statement


@pytest.mark.parametrize("header", ["x_forwarded_for", "x_real_ip", "x_envoy_external_address"])
def test_any_header_that_names_it_is_enough(fired, header):
    assert fired(RULE, sent_on(**{header: CLIENT})) == []


class Translated(Ends):
    """The client's connection behind a source NAT: another address, the same TCP numbers."""

    @property
    def isn(self) -> int:
        return FRONT.isn


def test_a_nat_before_the_proxy_hides_the_client_although_a_header_names_somebody(fired):
    node = Translated("192.168.20.100", 4785, "172.20.1.35", server_mac=FRONT.server_mac)
    body = reply(200, b"an answer of its own")
    headers = {"x_forwarded_for": "192.168.20.100", "x_request_id": "one"}
    outside = [FRONT.ask(0, get("/a", x_request_id="one")), FRONT.answer(9, body)]
    inside = [node.ask(1, get("/a", x_request_id="one")), back().ask(2, get("/a", **headers)), back().answer(6, body),
              node.answer(8, body)]  # fmt: skip
    (one,) = fired(RULE, read(router__eth1=outside, k8s_w1__eth1=inside).analysed(CLUSTER))
    assert one.subject["src"] == CLIENT and "names 192.168.20.100" in one.statement
    assert "externalTrafficPolicy: Local" in one.remedy


def test_what_was_cut_off_may_have_named_it(fired):
    analysis = sent_on()
    cut = [
        replace(one, attempts=tuple(replace(each, whole=False) for each in one.attempts)) for one in analysis.requests
    ]
    assert fired(RULE, replace(analysis, requests=tuple(cut))) == []


def test_without_the_client_leg_nothing_is_said_of_the_client(fired):
    less = material("xff-forged")
    for point in ("router/eth1", "k8s-ctr/eth1", "k8s-w1/eth1"):
        less = less.without(point)
    assert fired(RULE, less.analysed()) == []
