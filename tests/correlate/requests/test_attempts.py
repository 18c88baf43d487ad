"""Attempts: what a proxy tried for one request."""

from __future__ import annotations

import pytest

from captools.correlate.requests.attempts import attempts
from captools.correlate.requests.legs import legs
from tests.correlate.requests.stage import behind, exchange
from tests.correlate.talk import Frames, get, read, reply

ONE = {"x_forwarded_for": "10.0.0.9", "x_request_id": "one"}


def tried(*each: Frames) -> list[list[int]]:
    found = read(k8s_w1__eth1=[frame for frames in each for frame in frames])
    return [[leg.exchange.flow.sport or 0 for leg in unit.legs] for unit in attempts(legs(found.exchanges()))]


def attempt(number: int, begin: float, end: float | None, status: int = 200, **headers: str) -> Frames:
    return exchange(behind(number), begin, end, get("/a", **(headers or ONE)), reply(status))


def test_a_try_after_a_failure_belongs_to_the_same_request():
    assert tried(attempt(1, 0, 1, 503), attempt(2, 2, None), attempt(3, 4, 5)) == [[34001, 34002, 34003]]


def test_after_an_answer_the_same_id_is_a_new_request():
    assert tried(attempt(1, 0, 1), attempt(2, 2, 3)) == [[34001], [34002]]


def test_a_try_that_began_before_the_failure_is_no_retry_of_it():
    assert tried(attempt(1, 0, 5, 503), attempt(2, 2, 6)) == [[34001], [34002]]


def test_without_an_id_or_with_another_one_each_stands_alone():
    bare = {"x_forwarded_for": "10.0.0.9"}
    assert tried(attempt(1, 0, 1, 503, **bare), attempt(2, 2, 3, **bare)) == [[34001], [34002]]
    assert tried(attempt(1, 0, 1, 503), attempt(2, 2, 3, **bare, x_request_id="two")) == [[34001], [34002]]


@pytest.mark.parametrize(
    ("status", "with_id", "failed", "exclusive"),
    [(200, False, False, True), (404, False, False, True), (503, False, True, False), (503, True, True, True),
     (429, False, True, False), (None, False, True, False)],
)  # fmt: skip
def test_only_what_may_have_been_tried_again_leaves_room_for_others(status, with_id, failed, exclusive):
    headers = ONE if with_id else {"x_forwarded_for": "10.0.0.9"}
    frames = attempt(1, 0, None if status is None else 1, status or 200, **headers)
    (unit,) = attempts(legs(read(k8s_w1__eth1=frames).exchanges()))
    assert (unit.failed, unit.exclusive) == (failed, exclusive)
