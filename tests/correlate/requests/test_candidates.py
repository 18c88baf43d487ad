"""Candidates: few are looked at, none of the right ones is left out, and what was passed over is known."""

from __future__ import annotations

from captools.correlate.requests.attempts import attempts
from captools.correlate.requests.candidates import MOST, Candidates
from captools.correlate.requests.fit import Fitter, Strength
from captools.correlate.requests.legs import legs
from tests.correlate.requests.stage import CLIENT, behind, client, exchange, timeline
from tests.correlate.talk import Frames, get, read, reply

HELLO = reply(200, b"hello world")


class Counting(Fitter):
    """A fitter that counts the pairs it was asked about."""

    asked = 0

    def fit(self, *pair):
        self.asked += 1
        return super().fit(*pair)


def looked(*each: Frames) -> tuple[list[dict[int, Strength]], Counting, Candidates]:
    found = read(k8s_w1__eth1=[frame for frames in each for frame in frames])
    every = legs(found.exchanges())
    candidates, fitter = Candidates(timeline(found), every), Counting(timeline(found), every)
    return (
        [candidates.fits(unit, fitter) for unit in attempts(one for one in every if one.forwarded)],
        fitter,
        candidates,
    )


def pair(number: int, begin: float, **headers: str) -> Frames:
    ask = {"x_request_id": headers["x_request_id"]} if "x_request_id" in headers else {}
    return exchange(client(number), begin, begin + 10, get("/a", **ask), HELLO) + exchange(
        behind(number), begin + 1, begin + 9, get("/a", x_forwarded_for=CLIENT, **headers), HELLO
    )


def test_one_after_another_each_is_compared_with_a_few_only():
    count = 4 * MOST
    found, fitter, candidates = looked(*(pair(at, at * 40) for at in range(count)))
    assert [list(one) for one in found] == [[2 * at] for at in range(count)]
    assert fitter.asked <= 4 * count


def test_those_at_once_are_all_found():
    found, _, candidates = looked(*(pair(at, at * 0.01) for at in range(5)))
    assert all(len(one) == 5 for one in found)
    assert not any(candidates.passed_over(at) for at in range(10))


def test_too_many_at_once_are_passed_over_and_that_is_known():
    count = MOST + 10
    found, _, candidates = looked(*(pair(at, at * 0.01) for at in range(count)))
    assert all(len(one) == MOST for one in found)
    assert any(candidates.passed_over(at) for at in range(count))


def test_an_id_finds_its_request_among_any_number():
    count = MOST + 10
    found, _, candidates = looked(*(pair(at, at * 0.01, x_request_id=f"id-{at}") for at in range(count)))
    assert all(list(one.values()) == [Strength.ID] for one in found)


def test_a_request_without_an_answer_is_a_candidate_until_its_connection_ends():
    asked = exchange(client(1), 0, None, get("/a")) + [client(1).ask(400, flags=0x11, seq=900)]
    found, _, _ = looked(
        asked,
        exchange(behind(1), 300, None, get("/a", x_forwarded_for=CLIENT)),
        exchange(behind(2), 900, None, get("/a", x_forwarded_for=CLIENT)),
    )
    assert [len(one) for one in found] == [1, 0]
