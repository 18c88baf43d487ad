"""TLS sessions: passed on unopened, ended at the proxy, ended at the pod."""

from __future__ import annotations

from dataclasses import replace

from captools.model.evidence import Confidence
from captools.model.requests import TlsSession
from tests.correlate.requests.stage import (
    CLIENT,
    CLUSTER,
    FRONT,
    INGRESS,
    POD,
    back,
    client,
    client_hello,
    exchange,
    sealed,
    server_hello,
)
from tests.correlate.talk import Ends, Frames, get, read, reply

FIRST, SECOND = client_hello(b"1" * 32, "shop", "h2"), client_hello(b"2" * 32, "shop", "h2")
OUT, IN = replace(FRONT, dport=443), replace(back(), dport=8443)


def sessions(*frames: Frames) -> tuple[TlsSession, ...]:
    return read(k8s_w1__eth1=[one for some in frames for one in some]).analysed(CLUSTER).tls_sessions


def greeted(ends: Ends, at: float, hello: bytes) -> Frames:
    return [ends.ask(at, hello), ends.answer(at + 3, server_hello(bytes(32)))]


def test_the_same_random_on_two_connections_is_one_session_passed_on():
    (one,) = sessions(greeted(OUT, 0, FIRST), greeted(IN, 1, FIRST))
    assert (one.kind, one.confidence) == ("passthrough", Confidence.PROVEN)
    assert (one.client_leg.src, one.client_leg.sni) == (CLIENT, "shop")
    (leg,) = one.backend_legs
    assert (leg.src, leg.source_kind, leg.dst, leg.dport) == (INGRESS, "ingress", POD, 8443)
    assert one.proxy is not None and (one.proxy.node, one.proxy.source_address) == ("k8s-w1", INGRESS)
    assert one.backend is not None and one.backend.pod == "default/webpod-1"
    assert [proof.frames for proof in one.evidence] == [(1,), (2,)] and one.same_bytes


def test_a_proxy_header_before_the_hello_makes_the_legs_begin_with_other_bytes():
    header = b"PROXY TCP4 192.168.10.200 192.168.10.212 40000 443\r\n"
    (one,) = sessions(greeted(OUT, 0, FIRST), greeted(IN, 1, header + FIRST))
    assert one.kind == "passthrough" and not one.same_bytes


def test_a_client_that_always_sends_the_same_hello_is_not_passed_on():
    again = replace(OUT, sport=OUT.sport + 1)
    answers = [again.ask(5, FIRST), again.answer(8, server_hello(b"x" * 32))]
    assert [one.kind for one in sessions(greeted(OUT, 0, FIRST), answers)] == ["unknown", "unknown"]
    elsewhere = [replace(IN, src=CLIENT).ask(5, FIRST)]
    kinds = [one.kind for one in sessions([OUT.ask(0, FIRST)], elsewhere)]
    assert kinds == ["unknown", "end-to-end"], "no server's random says that it is one session"


def test_a_proxy_that_keeps_the_clients_address_is_told_by_the_servers_random():
    (one,) = sessions(greeted(OUT, 0, FIRST), greeted(replace(IN, src=CLIENT), 1, FIRST))
    assert one.kind == "passthrough" and one.backend_legs[0].src == CLIENT


def test_another_random_is_another_session_that_ends_where_its_connection_ends():
    one, two = sessions(greeted(OUT, 0, FIRST), greeted(IN, 1, SECOND))
    assert (one.kind, one.backend_legs, one.backend, one.proxy) == ("unknown", (), None, None)
    assert two.kind == "end-to-end" and two.backend is not None and two.backend.pod == "default/webpod-1"


class Translated(Ends):
    """The connection OUT behind NAT: other addresses, the same TCP numbers."""

    @property
    def isn(self) -> int:
        return OUT.isn


def test_one_connection_seen_before_and_behind_nat_was_not_passed_on_by_a_proxy():
    behind_nat = Translated("192.168.10.101", 40000, POD, dport=443)
    found = read(router__eth1=greeted(OUT, 0, FIRST), k8s_w0__eth1=greeted(behind_nat, 1, FIRST))
    (one,) = found.analysed(CLUSTER).tls_sessions
    assert (one.kind, one.backend_legs) == ("end-to-end", ()) and one.backend is not None


def test_a_session_whose_requests_go_on_in_clear_ends_at_the_proxy():
    ends = replace(client(1), dport=443)
    hello = client_hello(b"3" * 32, "shop", "http/1.1")
    ask = get("/a", x_forwarded_for=CLIENT, x_forwarded_proto="https")
    (one,) = sessions(
        [*greeted(ends, 0, hello), ends.ask(4, sealed(200), seq=1000), ends.answer(10, sealed(300), seq=2000)],
        exchange(back(), 5, 9, ask, reply(200, b"hello")),
    )
    assert (one.kind, one.requests, one.confidence) == ("terminated", 1, Confidence.LIKELY)
    assert one.proxy is not None and one.proxy.node == "k8s-w1"


def test_a_hello_that_is_cut_off_joins_nothing():
    kinds = [one.kind for one in sessions([OUT.ask(0, FIRST[:20])], [IN.ask(1, FIRST[:20])])]
    assert "passthrough" not in kinds
