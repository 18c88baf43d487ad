"""TLS that ends at the proxy: which connection of the client may carry a request that went on in clear."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.clocks.names import clock_names
from captools.correlate.requests.attempts import attempts
from captools.correlate.requests.legs import legs
from captools.correlate.requests.terminated import MOST, TlsSeats, body_length
from tests.correlate.requests.stage import (
    CLIENT,
    back,
    client,
    client_hello,
    exchange,
    joined,
    sealed,
    server_hello,
    tls_of,
)
from tests.correlate.talk import START, Ends, Frames, get, read, reply

SECURE = {"x_forwarded_for": CLIENT, "x_forwarded_proto": "https"}
BODY = bytes(2_000)


def tls(
    ends: Ends, begin: float, end: float | None, *, size: int = 2_300, name: str = "shop", alpn: str = "http/1.1"
) -> Frames:
    """A session with one request at ``begin``, answered with ``size`` bytes at ``end``."""
    hello = client_hello(bytes([ends.sport % 256]) * 32, name, alpn)
    frames = [ends.ask(begin - 3, hello), ends.answer(begin - 2, server_hello(bytes(32))),
              ends.ask(begin, sealed(200), seq=1000)]  # fmt: skip
    return frames if end is None else [*frames, ends.answer(end, sealed(size), seq=2000)]


def fitting(*sessions: Frames, headers: dict[str, str] | None = None, answered: bool = True) -> list[int]:
    """Ports of the TLS connections that fit a request sent on from 101 to 109 ms."""
    ask = get("/a", **(SECURE if headers is None else headers))
    inner = exchange(back(), 101, 109 if answered else None, ask, reply(200, BODY))
    found = read(k8s_w1__eth1=[*inner, *(frame for frames in sessions for frame in frames)])
    rows = found.rows()
    (unit,) = attempts(legs(found.exchanges()))
    seats = TlsSeats(rows, clock_names(rows), tls_of(found)).of(unit)
    return [seat.connection.flow.sport or 0 for seat in seats]


ONE, TWO = client(1), client(2)


def test_the_connection_on_which_the_client_asked_and_was_answered_fits():
    assert fitting(tls(ONE, 100, 110)) == [41001]


@pytest.mark.parametrize(
    "session",
    [
        tls(ONE, 103, 110),
        tls(ONE, 50, 60),
        tls(ONE, 100, 105),
        tls(ONE, 100, 110, size=30),
        tls(ONE, 100, 110, size=1_500),
        tls(ONE, 100, 110, size=60_000),
        tls(replace(ONE, src="192.168.10.9"), 100, 110),
    ],
    ids=["asked later", "answered before", "answered too early", "a closing alert", "less than the body",
         "far more than the body", "another client"],
)  # fmt: skip
def test_what_cannot_have_carried_it_does_not_fit(session: Frames):
    assert fitting(session) == []


def test_only_a_request_that_says_https_has_a_client_leg_in_tls():
    assert fitting(tls(ONE, 100, 110), headers={"x_forwarded_for": CLIENT}) == []
    assert fitting(tls(ONE, 100, 110), headers={"x_forwarded_proto": "https"}) == []


def test_of_several_the_one_for_the_same_host_is_taken():
    assert fitting(tls(ONE, 100, 110), tls(TWO, 99, 111)) == [41002, 41001]
    assert fitting(tls(ONE, 100, 110), tls(TWO, 99, 111, name="blog")) == [41001]
    assert fitting(tls(ONE, 100, 110, name="x"), tls(TWO, 99, 111, name="y")) == [41002, 41001]


def test_over_http_2_more_may_be_asked_and_answered_meanwhile():
    frames = [
        *tls(ONE, 100, 110, alpn="h2"),
        ONE.ask(102, sealed(90), seq=1300),
        ONE.answer(105, sealed(60_000), seq=9000),
    ]
    assert fitting(frames) == [41001]
    assert fitting([*tls(ONE, 100, 110), ONE.answer(102, sealed(300), seq=9000), ONE.ask(103, sealed(90), seq=1300),
                    ONE.answer(104, sealed(90), seq=9400), ONE.ask(109.5, sealed(90), seq=1400)]) == []  # fmt: skip


def test_without_an_answer_of_the_backend_time_alone_decides():
    assert fitting(tls(ONE, 100, None), answered=False) == [41001]
    assert fitting(tls(ONE, 103, None), answered=False) == []


def test_the_seat_knows_the_data_of_request_and_answer():
    found = read(k8s_w1__eth1=[*tls(ONE, 100, 110), *exchange(back(), 101, 109, get("/a", **SECURE), reply(200, BODY))])
    rows = found.rows()
    (unit,) = attempts(legs(found.exchanges()))
    (seat,) = TlsSeats(rows, clock_names(rows), tls_of(found)).of(unit)
    asked = seat.request_row(START + 101_000_000)
    answered = seat.response_row(START + 109_000_000)
    assert [(int(rows["ts_ns"][row]) - START) // 1_000_000 for row in (asked, answered) if row is not None] == [
        100,
        110,
    ]


@pytest.mark.parametrize(
    ("method", "status", "length"), [(b"GET", 200, 5), (b"HEAD", 200, 0), (b"GET", 304, 0), (b"GET", 204, 0)]
)
def test_a_head_announces_a_body_that_may_not_come(method: bytes, status: int, length: int):
    ask = get("/a").replace(b"GET", method)
    (one,) = read(n__e=[ONE.ask(0, ask), ONE.answer(1, reply(status, b"hello"))]).exchanges()
    assert one.response is not None and body_length(one.request, one.response) == length


def test_more_connections_at_once_than_can_be_looked_at_decide_nothing():
    many = [tls(client(at), 100, None if at else 110) for at in range(MOST + 2)]
    inner = exchange(back(), 101, 109, get("/a", **SECURE), reply(200, BODY))
    (one,) = joined(read(k8s_w1__eth1=[*inner, *(frame for frames in many for frame in frames)]))
    assert one.seat is None
    (one,) = joined(read(k8s_w1__eth1=[*inner, *(frame for frames in many[:9] for frame in frames)]))
    assert one.seat is not None and one.seat.connection.flow.sport == 41000
