"""Reading a node's clock."""

from __future__ import annotations

import time
from types import SimpleNamespace

from captools.collect.clocks import READINGS, ClockReader


def test_the_tightest_of_a_few_readings_counts_and_lies_between_our_own_times():
    reader, enough, before = ClockReader(), False, time.time_ns()
    for number in range(READINGS):
        assert not enough and reader.ask() == number
        time.sleep(0.0 if number == 3 else 0.002)
        enough = reader.take({"time_ns": 1000 + number})
    best = reader.best
    assert enough and best is not None and best.node_ns == 1003
    assert before <= best.before_ns <= best.after_ns <= time.time_ns()


def test_answers_without_a_time_end_it_too_and_give_nothing():
    reader = ClockReader()
    assert [reader.take({"time_ns": "soon"}) for _ in range(READINGS)][-1] and reader.best is None


def test_a_reading_over_which_our_own_clock_was_set_is_let_go(monkeypatch):
    # Nobody may set this machine's clock for a test: the two clocks of the system are given instead.
    steps = iter([(100, 0), (-5_000_000_000, 1000), (200, 2000), (900, 2700)])
    now = [(0, 0)]
    system = SimpleNamespace(time_ns=lambda: now[0][0], monotonic_ns=lambda: now[0][1])
    monkeypatch.setattr("captools.collect.clocks.time", system)
    reader = ClockReader()
    for node_ns in (1, 2):
        now[0] = next(steps)
        reader.ask()
        now[0] = next(steps)
        reader.take({"time_ns": node_ns})
    assert reader.best is not None and (reader.best.node_ns, reader.best.after_ns) == (2, 900)
