"""Relations: times go there and come back the same, before, between and after the runs."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.clocks.relation import Relation
from captools.correlate.clocks.runs import split
from tests.correlate.clocks.simulated import MS, NOW, US, Bounds, Clock, S, bounds, relation

AT = NOW + np.arange(-10 * S, 70 * S, 7 * S)


@pytest.mark.parametrize("clock", [Clock(), Clock(250 * MS, 100), Clock(-600 * S, -100)])
def test_times_are_told_within_the_error_in_both_directions(clock):
    one = relation(Clock(), clock)
    wrong = one.error(AT)
    assert (np.abs(one.there(AT) - clock.at(AT)) <= wrong).all()
    assert (np.abs(one.back(clock.at(AT)) - AT) <= wrong + 1).all()
    assert np.abs(one.back(one.there(AT)) - AT).max() <= 1
    assert wrong[4:8].max() < 40 * US


def test_a_clock_that_was_set_is_told_before_and_after_the_step():
    before, after = Clock(3 * MS), Clock(5 * S)
    first, second = bounds(Clock(), before), bounds(Clock(), after)
    rest = Bounds(second.at + 60 * S, second.limit, second.above, second.sent, second.received)
    one = Relation(split(Bounds.joined([first, rest])), "packets")
    assert len(one.runs) == 2
    early, late = NOW + np.array([10 * S]), NOW + np.array([100 * S])
    for at, clock in ((early, before), (late, after)):
        assert abs(one.there(at) - clock.at(at)) <= one.error(at)
        assert abs(one.back(clock.at(at)) - at) <= one.error(at) + 1
    assert one.steps == ((one.runs[0], one.runs[1]),)


@pytest.mark.parametrize("amplitude", [50 * US, 250 * US])
def test_a_clock_whose_rate_wanders_is_followed_within_the_error(amplitude):
    """An hour's swing by up to 0.44 ppm, as warmth makes it."""
    random = np.random.default_rng(7)
    true = NOW + np.sort(random.integers(0, 7_200 * S, 40_000))

    def ahead(at):
        return np.rint(amplitude * np.sin(2 * np.pi * (at - NOW) / (3_600 * S))).astype(np.int64)

    delay = 20 * US + random.exponential(30 * US, len(true)).astype(np.int64)
    above = np.arange(len(true)) % 2 == 0
    limit = ahead(true) + np.where(above, delay, -delay)
    one = Relation(split(Bounds.of(true, limit, above, np.arange(len(true)), np.arange(len(true)))), "packets")
    at = NOW + np.arange(0, 7_200 * S, 5 * S + 1)
    assert (np.abs(one.there(at) - at - ahead(at)) <= one.error(at)).all()
    assert np.median(one.error(at)) < 40 * US
    assert one.steps == ()


def test_time_never_jumps_where_no_clock_was_set():
    one = relation(Clock(), Clock(5 * S, 30), seconds=1_800, count=8_000)
    assert len(one.runs) > 10
    edges = np.array([edge for run in one.runs for edge in (run.begin, run.middle, run.end)])
    for number in range(-2, 3):
        assert np.abs(one.there(edges + number + 1) - one.there(edges + number) - 1).max() <= 1
        assert np.abs(one.back(one.there(edges + number)) - edges - number).max() <= 1


def test_the_best_run_is_the_one_with_the_smallest_error():
    few, many = bounds(Clock(), Clock(), count=40), bounds(Clock(), Clock(), count=4_000)
    later = Bounds(many.at + 300 * S, many.limit, many.above, many.sent, many.received)
    one = Relation(split(Bounds.joined([few, later])), "packets")
    assert len(one.runs) == 2 and one.best is one.runs[1]
