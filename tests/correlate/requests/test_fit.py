"""Whether a backend leg may belong to a client leg: one contradiction each."""

from __future__ import annotations

import pytest

from captools.correlate.requests.attempts import attempts
from captools.correlate.requests.fit import Fitter, Strength
from captools.correlate.requests.legs import legs
from tests.correlate.requests.stage import CLIENT, FRONT, behind, exchange, timeline
from tests.correlate.talk import get, read, reply

HELLO = reply(200, b"hello world")
FORWARDED = {"x_forwarded_for": CLIENT}


def fit(
    ask: dict[str, str] | None = None,
    forwarded: dict[str, str] | None = None,
    *,
    path: str = "/a",
    inner_path: str = "/a",
    times: tuple[float, float | None] = (1, 9),
    end: float | None = 10,
    answer: bytes = HELLO,
    inner: bytes = HELLO,
) -> Strength | None:
    """How a backend leg fits the one client leg there is, which lasts from 0 to 10 ms."""
    found = read(
        k8s_w1__eth1=exchange(FRONT, 0, end, get(path, **(ask or {})), answer)
        + exchange(behind(1), *times, get(inner_path, **(FORWARDED if forwarded is None else forwarded)), inner)
    )
    every = legs(found.exchanges())
    (client,) = [one for one in every if one.exchange.flow.src == CLIENT]
    (unit,) = attempts(one for one in every if one is not client)
    return Fitter(timeline(found), every).fit(client, unit)


def test_what_repeats_the_request_within_its_time_fits():
    assert fit() is Strength.ANSWER
    assert fit(end=None) is Strength.PLAIN
    assert fit(times=(1, None)) is Strength.PLAIN


def test_an_id_is_the_strongest_and_lets_the_path_change():
    ids = {"x_request_id": "one"}
    assert fit(ids, FORWARDED | ids, inner_path="/rewritten") is Strength.ID
    assert fit(ids, FORWARDED | {"x_request_id": "two"}, inner_path="/rewritten") is None


MARKED = {"x_envoy_internal": "true"}
CLAIM = {"x_forwarded_for": "203.0.113.9"}


@pytest.mark.parametrize("named", [CLAIM, {}])
def test_a_proxy_that_adds_no_address_fits_by_an_answer_that_only_the_two_legs_have(named):
    assert fit(named, named | MARKED) is Strength.ANSWER
    assert fit(named, named | MARKED, inner_path="/other") is None
    assert fit(named, named | MARKED, inner=reply(200, b"another one"), answer=HELLO) is None


@pytest.mark.parametrize("named", [CLAIM, {}])
def test_without_a_proxys_mark_two_equal_requests_are_two(named):
    assert fit(named, named) is None
    assert fit(named | MARKED, named | MARKED) is None
    assert fit(named, named | MARKED, times=(1, None)) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"inner_path": "/other"},
        {"forwarded": {"x_forwarded_for": "10.9.9.9"}},
        {"forwarded": {}},
        {"forwarded": {"x_forwarded_for": f"10.9.9.9, {CLIENT}"}},
        {"forwarded": FORWARDED | {"x_forwarded_proto": "https"}},
        {"times": (-8, 9)},
        {"times": (1, 30)},
        {"times": (20, 25)},
        {"inner": reply(200, b"other words")},
        {"inner": reply(404, b"hello world")},
        {"ask": {"content_length": "3"}, "forwarded": FORWARDED | {"content_length": "4"}},
    ],
    ids=["path", "another client", "no client", "a chain that the client did not send", "TLS", "before it",
         "answered after it", "after it", "another body", "another status", "another length"],
)  # fmt: skip
def test_what_contradicts_does_not_fit(changed):
    assert fit(**changed) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"ask": {"x_forwarded_for": "10.9.9.9"}, "forwarded": {"x_forwarded_for": f"10.9.9.9, {CLIENT}"}},
        {"ask": {"x_forwarded_for": "10.9.9.9"}, "forwarded": {"x_forwarded_for": CLIENT}},
        {"forwarded": {"x_real_ip": CLIENT}},
        {"forwarded": {"forwarded": f"for={CLIENT}"}},
        {"path": "/shop/a", "forwarded": FORWARDED | {"x_envoy_original_path": "/shop/a"}},
        {"ask": {"x_forwarded_proto": "https"}, "forwarded": FORWARDED | {"x_forwarded_proto": "https"}},
        {"inner": reply(503, b"not now")},
        {"answer": reply(200, b"packed", content_encoding="gzip")},
    ],
    ids=["appended to a forged one", "put in its place", "x-real-ip", "forwarded", "rewritten prefix",
         "TLS ended before the client leg", "a failed attempt", "packed on the way"],
)  # fmt: skip
def test_what_proxies_do_to_requests_still_fits(changed):
    assert fit(**changed) is not None


def test_behind_a_source_nat_that_nobody_saw_only_an_id_joins():
    ids = {"x_request_id": "one"}
    assert fit(ids, {"x_forwarded_for": "10.5.5.5"} | ids) is Strength.ID
    assert fit(ids, {"x_forwarded_for": "10.6.6.6, 10.5.5.5"} | ids) is None  # another proxy is between them


def test_an_answer_that_comes_twice_proves_nothing():
    twice = read(
        k8s_w1__eth1=exchange(FRONT, 0, 10, get("/a"), HELLO)
        + exchange(behind(1), 1, 9, get("/a", **FORWARDED), HELLO)
        + exchange(behind(2), 50, 60, get("/a", **FORWARDED), HELLO)
    )
    every = legs(twice.exchanges())
    unit = attempts(every[1:2])[0]
    assert Fitter(timeline(twice), every).fit(every[0], unit) is Strength.PLAIN
