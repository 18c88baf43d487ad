"""Rough clock shifts between captures, from when they first saw the same flows; nothing where too little is shared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.large.skew import APART_NS, ahead
from tests.correlate.large.lanes import Lane, columns, sources

MINUTE = 60_000_000_000


def flows(source: int, begins: dict[int, int], shift: int = 0) -> list[Lane]:
    """Lanes of clients that begin at the given times, by a clock that is ``shift`` ahead."""
    return [Lane(source, client, 1, first_ns=begin + shift) for client, begin in begins.items()]


TIMES = {client: client * 7_000_000_000 for client in range(10, 20)}


def of(*lanes: Lane, count: int):
    return ahead(columns(*lanes), sources(*lanes), count).tolist()


@pytest.mark.parametrize("shift", [10 * MINUTE, -3 * MINUTE, APART_NS + 1])
def test_a_clock_that_is_far_off_is_found_through_others(shift):
    some = {client: begin for client, begin in TIMES.items() if client < 15}
    rest = {client: begin for client, begin in TIMES.items() if client >= 12}
    lanes = [*flows(0, some), *flows(1, TIMES, shift), *flows(2, rest, shift // 2), *flows(3, {90: 5}, MINUTE)]
    found = of(*lanes, count=4)
    assert found[0] == 0 and found[1] == shift
    assert found[2] == (shift // 2 if abs(shift // 2) > APART_NS else 0)
    assert found[3] == 0  # shares no flow with anybody


def test_what_the_join_bridges_by_itself_is_left_alone():
    assert of(*flows(0, TIMES), *flows(1, TIMES, APART_NS), count=2) == [0, 0]


def test_flows_that_were_there_before_a_capture_do_not_decide():
    begun = [replace(one, first_ns=200_000_000_000) for one in flows(1, dict.fromkeys(range(10, 13), 0))]
    later = {client: begin for client, begin in TIMES.items() if client >= 13}
    assert of(*flows(0, TIMES), *begun, *flows(1, later, 10 * MINUTE), count=2) == [0, 10 * MINUTE]


def test_times_that_contradict_one_another_and_few_flows_tell_nothing():
    scattered = [replace(one, first_ns=one.first_ns * number) for number, one in enumerate(flows(1, TIMES), 2)]
    assert of(*flows(0, TIMES), *scattered, count=2) == [0, 0]
    few = {client: TIMES[client] for client in (10, 11)}
    assert of(*flows(0, few), *flows(1, few, 10 * MINUTE), count=2) == [0, 0]
    assert of(count=1) == [0]
