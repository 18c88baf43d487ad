"""The order of packets of several running points, and how long one waits for another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.wire.merging import Merger

pytestmark = pytest.mark.usefixtures("no_io")
SECOND = 1_000_000_000


def put(merger: Merger[int], point: int, now_ns: int, *stamps: int) -> None:
    merger.put(point, point, np.array(stamps, np.int64), 8 * len(stamps), now_ns)


def out(merger: Merger[int], now_ns: int, **words: bool) -> list[tuple[int, int]]:
    due = merger.due(now_ns, **words)
    return [] if due is None else [(due.pieces[at], ts) for at, ts in zip(due.piece, due.ts_ns.tolist(), strict=True)]


def test_what_all_points_have_passed_goes_out_at_once_in_order():
    merger: Merger[int] = Merger(2)
    put(merger, 0, 0, 10, 30, 50)
    assert out(merger, 0) == []
    put(merger, 1, 0, 20, 40)
    assert out(merger, 0) == [(0, 10), (1, 20), (0, 30), (1, 40)]
    assert out(merger, 0) == []


def test_a_silent_point_delays_the_others_and_does_not_stop_them():
    merger: Merger[int] = Merger(2, hold_ns=SECOND)
    put(merger, 0, 5, 10, 20)
    assert out(merger, SECOND) == []
    put(merger, 0, SECOND, 15, 30)  # what lies before what has waited goes along; what came just now waits
    assert out(merger, SECOND + 5) == [(0, 10), (0, 15), (0, 20)]
    assert out(merger, 2 * SECOND) == [(0, 30)]


def test_a_point_that_has_ended_is_not_waited_for():
    merger: Merger[int] = Merger(2)
    put(merger, 0, 0, 10)
    merger.close(1)
    assert out(merger, 0) == [(0, 10)]
    put(merger, 1, 0, 5)  # its last words may come behind
    put(merger, 0, 0, 20)
    assert out(merger, 0) == [(1, 5), (0, 20)]


def test_a_stamp_of_the_far_future_spoils_the_order_of_nothing_else():
    merger: Merger[int] = Merger(2, hold_ns=SECOND)
    put(merger, 0, 0, 1 << 61)
    assert out(merger, SECOND) == [(0, 1 << 61)]
    put(merger, 0, SECOND, 30)
    put(merger, 1, SECOND, 20)
    assert out(merger, SECOND) == [(1, 20)]
    assert out(merger, 2 * SECOND) == [(0, 30)]


def test_of_too_much_at_once_the_oldest_goes_out_early():
    merger: Merger[int] = Merger(2, most_bytes=20)
    for stamp in (10, 20, 30):
        put(merger, 0, 0, stamp)
    assert out(merger, 0) == [(0, 10)]
    put(merger, 0, 0, 40)
    assert out(merger, 0) == [(0, 20)]


@given(st.lists(st.tuples(st.integers(0, 2), st.lists(st.integers(1, 99), min_size=1), st.integers(0, 3)), max_size=20))
def test_nothing_is_lost_or_doubled_and_nothing_waits_longer_than_it_must(steps):
    merger, now, given_in, got = Merger(3, hold_ns=2), 0, [], []
    for point, stamps, later in steps:
        now += later
        put(merger, point, now, *stamps)
        given_in += [(point, ts) for ts in stamps]
        got += out(merger, now)
    assert sorted(got + out(merger, now + 2)) == sorted(given_in)
    assert out(merger, now, everything=True) == []


def test_rows_say_where_in_their_piece_a_packet_lies():
    merger: Merger[str] = Merger(2)
    merger.put(0, "a", np.array([30, 10, 20]), 1, 0)
    merger.put(1, "b", np.array([15]), 1, 0)
    due = merger.due(0, everything=True)
    assert due is not None
    assert [(due.pieces[at], row) for at, row in zip(due.piece, due.row.tolist(), strict=True)] == [
        ("a", 1), ("b", 0), ("a", 2), ("a", 0)
    ]  # fmt: skip


def test_a_point_may_come_later_and_may_pass_without_a_packet():
    merger: Merger[int] = Merger()
    merger.add(0)
    put(merger, 0, 0, 10)
    assert out(merger, 0) == [(0, 10)]
    merger.add(1)
    merger.add(0)  # known already
    put(merger, 0, 0, 20)
    assert out(merger, 0) == []
    merger.reached(1, 25)
    assert out(merger, 0) == [(0, 20)]
