"""Before and after, on one clock and on two."""

from __future__ import annotations

import pytest

from captools.correlate.requests.heads import Message
from captools.correlate.requests.order import UNKNOWN_NS, Order, Timeline
from tests.correlate.talk import MS, START, Ends, get, read

A, B = Ends("10.0.0.1", 1, "10.0.0.9"), Ends("10.0.0.2", 2, "10.0.0.9")


class Tied:
    """Clocks by hand: y runs ahead of x by 100 ms, give or take one."""

    def between(self, a: str, b: str, at_ns: int | None = None) -> tuple[int, int] | None:
        return {("x", "y"): (100 * MS, MS), ("y", "x"): (-100 * MS, MS)}.get((a, b))


def asked(**points: tuple[float | None, float | None]) -> tuple[Timeline, Message, Message]:
    """Two requests, each at the times (ms) at which a point saw it, None where it did not."""
    found = read(**{
        name: [ends.ask(at, get()) for ends, at in zip((A, B), times, strict=True) if at is not None]
        for name, times in points.items()
    })  # fmt: skip
    messages = {one.flow.src: one.request for one in found.exchanges()}
    return Timeline(Tied(), messages.values()), messages["10.0.0.1"], messages["10.0.0.2"]


@pytest.mark.parametrize(("at", "order"), [(5, Order.YES), (0, Order.YES), (-5, Order.NO)])
def test_one_clock_decides(at: float, order: Order):
    time, a, b = asked(x__e=(10, 10 + at))
    assert time.after(a, b) is order


def test_several_clocks_that_saw_both_must_agree():
    time, a, b = asked(x__e=(10, 11), z__e=(500, 499))
    assert time.after(a, b) is Order.NO


@pytest.mark.parametrize(("at", "order"), [(105, Order.YES), (100.5, Order.CLOSE), (95, Order.NO)])
def test_two_clocks_are_compared_with_their_error(at: float, order: Order):
    time, a, b = asked(x__e=(0, None), y__e=(None, at))
    assert time.after(a, b) is order


def test_clocks_that_nothing_ties_together_tell_nothing():
    time, a, b = asked(x__e=(0, None), z__e=(None, 500))
    assert time.after(a, b) is Order.UNKNOWN
    assert time.error_ns == UNKNOWN_NS and time.at(b) == START + 500 * MS


def test_times_are_put_on_one_clock():
    time, a, b = asked(x__e=(0, None), x__f=(1, None), y__e=(None, 103))
    assert (time.at(a), time.at(b), time.error_ns) == (START, START + 3 * MS, MS)
