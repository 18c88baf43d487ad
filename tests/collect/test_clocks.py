"""Reading a node's clock."""

from __future__ import annotations

import time

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
