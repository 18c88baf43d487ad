"""tls-terminated: TLS ends at a proxy, behind which the requests go on in clear."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.lab.scenarios.s11_tls_terminated import SCENARIO
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from tests.correlate.material import FINE, S8, material
from tests.correlate.requests.stage import CLUSTER, FRONT, back, client_hello, exchange, sealed, server_hello
from tests.correlate.talk import get, read, reply

RULE, S11 = "tls-terminated", SCENARIO.id


def test_one_listener_is_one_note_with_all_its_names_and_backends(fired):
    (one,) = fired(RULE, S11)
    assert (one.severity, one.confidence) == (Severity.NOTE, Confidence.LIKELY)
    assert one.subject["vip"] == "192.168.10.212" and one.subject["dport"] == 443 and one.subject["node"] == "k8s-w1"
    assert one.subject["name"] == "shop.lab.test, blog.lab.test"
    for words in ("3 sessions (TLS 1.3", "4 of their requests", "x-forwarded-proto: https", "on k8s-w0", "on k8s-w1"):
        assert words in one.statement, words


def test_its_frames_show_both_sides(fired):
    (one,) = fired(RULE, S11)
    assert [proof.shows for proof in one.evidence[:2]] == [
        "the ClientHello of the client leg", "the request on the backend leg",
    ]  # fmt: skip
    assert {"router/eth1", "k8s-w1/eth1", "k8s-w0/eth1"} <= {proof.point for proof in one.evidence}


def test_passed_on_tls_beside_it_is_not_among_them(fired):
    (one,) = fired(RULE, "proxy-tls")
    assert "passed.lab.test" not in one.statement and one.subject["dst"] == "192.168.10.212"


@pytest.mark.parametrize("name", [S8, FINE, "s12-tls-passthrough"])
def test_it_is_silent_where_no_proxy_ends_tls(fired, name):
    assert fired(RULE, name) == []


def told(hello: bytes, ask: bytes):
    ends = replace(FRONT, dport=443)
    front = [ends.ask(0, hello), ends.answer(3, server_hello(bytes(32))), ends.ask(4, sealed(200), seq=1000),
             ends.answer(10, sealed(300), seq=2000)]  # fmt: skip
    return read(k8s_w1__eth1=front + exchange(back(), 5, 9, ask, reply(200, b"hello"))).analysed(CLUSTER)


def test_a_request_that_did_not_come_by_tls_makes_no_session_end_there(fired):
    hello = client_hello(b"3" * 32, "shop", "h2", "http/1.1")
    sent_on = get("/a", x_forwarded_for=FRONT.src, x_forwarded_proto="https")
    (one,) = fired(RULE, told(hello, sent_on))
    assert "1 session" in one.statement and "clients offer h2 and http/1.1 by ALPN" in one.statement
    assert fired(RULE, told(hello, get("/a", x_forwarded_for=FRONT.src, x_forwarded_proto="http"))) == []


@pytest.mark.parametrize(
    "gone",
    [
        ("k8s-w1/eth1",), ("router/eth1",), ("k8s-w1/eth1", "router/eth1"),
        ("k8s-w1/lxc4be40faccd59", "k8s-w0/lxcee77f40d2cc8", "k8s-w0/eth1", "router/eth2"),
    ],
)  # fmt: skip
def test_with_half_of_the_points_it_says_less_and_nothing_else(fired, gone):
    session = material(S11)
    for point in gone:
        session = session.without(point)
    for one in fired(RULE, session.analysed()):
        assert one.confidence is not Confidence.PROVEN and one.subject["dst"] == "192.168.10.212"
        assert one.subject["node"] in ("k8s-w1", None)
        assert set(one.subject["name"].split(", ")) <= {"shop.lab.test", "blog.lab.test"}
    if len(gone) == 2:
        assert fired(RULE, session.analysed()) == [], "no ClientHello at all"
