"""Runs: one line where there is one, a cut where a clock was set, and the packet named that fits into none."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.clocks.bounds import Bounds
from captools.correlate.clocks.runs import beyond, split

US, MS, S = 1_000, 1_000_000, 1_000_000_000


def talk(count=200, *, step=0, step_at=0.5, seconds=60, seed=5):
    """Bounds of clocks that agree, of which the second is set ahead by ``step`` in the middle."""
    random = np.random.default_rng(seed)
    at = np.sort(random.integers(0, seconds * S, count))
    above = np.arange(count) % 2 == 0
    delay = 20 * US + random.exponential(30 * US, count).astype(np.int64)
    limit = np.where(above, delay, -delay) + np.where(at >= step_at * seconds * S, step, 0)
    rows = np.arange(count)
    return Bounds.of(at, limit, above, rows, rows)


def test_even_clocks_make_one_run_over_the_whole_capture():
    one = talk()
    assert [(run.begin, run.end) for run in split(one)] == [(one.at[0], one.at[-1])]
    assert not len(beyond(one, split(one))[0])


@pytest.mark.parametrize("step", [5 * S, -5 * S, 3 * MS, -3 * MS])
def test_a_clock_that_is_set_meanwhile_cuts_the_capture_in_two(step):
    one = talk(step=step)
    first, second = split(one)
    middle = np.array([30 * S])
    jump = second.band.offset(middle) - first.band.offset(middle)
    assert abs(jump - step) <= second.band.error(middle) + first.band.error(middle)
    assert first.end < 30 * S <= second.begin
    assert not len(beyond(one, (first, second))[0])


@pytest.mark.parametrize("at", [0, 3, 100, 196, 199])
@pytest.mark.parametrize("early_ns", [500 * US, 2 * S])
def test_one_wrong_match_is_named_and_moves_nothing(at, early_ns):
    one = talk()
    limit = one.limit.copy()
    limit[at] -= early_ns if one.above[at] else -early_ns
    wrong = Bounds(one.at, limit, one.above, one.sent, one.received)
    (run,) = split(wrong)
    number, by_ns = beyond(wrong, (run,))
    assert number.tolist() == [at] and 0 < by_ns[0] < early_ns
    assert (np.abs(run.band.offset(one.at)) <= run.band.error(one.at)).all()


def test_one_way_has_no_run():
    one = talk()
    assert split(one.of_these(np.flatnonzero(one.above))) == ()


def test_stamps_that_say_nothing_have_no_run():
    one = talk()
    noise = np.random.default_rng(1).integers(-S, S, len(one))
    assert split(Bounds(one.at, noise, one.above, one.sent, one.received)) == ()


def test_a_step_is_found_among_many_packets():
    first, second = split(talk(60_000, step=-7 * MS))
    assert first.end <= 30 * S and second.begin >= 29 * S


def test_a_long_capture_is_looked_at_in_windows_and_a_sparse_one_as_a_whole():
    assert len(split(talk(10_000, seconds=3_600))) == 29  # of two minutes and a little
    (run,) = split(talk(20, seconds=3_600))
    assert run.end - run.begin > 3_000 * S


def test_what_remains_at_the_end_goes_to_the_last_window():
    one = talk(1_000, seconds=600)
    assert split(one)[-1].end == one.at[-1]
    assert split(one.of_these(np.flatnonzero((one.at < 240 * S) | (one.at > 590 * S))))[-1].end >= 590 * S
