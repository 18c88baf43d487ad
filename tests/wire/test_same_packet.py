"""Two points of generated traffic: every packet that reached the second is found, and no other."""

from __future__ import annotations

import numpy as np
import pytest

from tests.wire.equality import reference
from tests.wire.points import capture, crossing, cut, rows_of

pytestmark = pytest.mark.slow
SECOND = 1_000_000_000


def join(here: bytes, there: bytes, **asked):
    from captools.wire.same_packet import join_rows

    one, lanes = rows_of(here)
    two, more = rows_of(there, lanes)
    return join_rows([iter([one]), iter([two])], lanes + more, **asked), len(one.print), len(two.print)


def test_what_the_second_point_saw_is_found_through_tunnels_and_translation_and_the_rest_is_lost():
    a, b = capture("a"), capture("b")
    found, _, there = join(a, b)
    assert found.pairs.matched.sum() == there and found.again.sum() == 0 and found.evicted == 0
    held = int((rows_of(a)[0].print != 0).sum())
    assert found.firsts.sum() == held
    assert 0.002 < 1 - there / crossing(reference(a)) < 0.025  # the generator loses one in a hundred
    assert found.pairs.least_ns.min() >= 34_000 and found.pairs.greatest_ns.max() <= 56_000  # and takes 35 to 55 us


def test_prints_survive_a_snap_length_of_128_on_one_side():
    a, b = capture("a"), capture("b")
    for one, other in ((cut(a, 128), b), (a, cut(b, 128))):
        assert len(one) + len(other) < 0.8 * (len(a) + len(b))
        found, _, there = join(one, other)
        assert found.pairs.matched.sum() == there


def test_a_clock_that_runs_ahead_is_taken_into_account():
    from captools.wire.same_packet import Rows, join_rows

    one, lanes = rows_of(capture("a"))
    two, more = rows_of(capture("b"), lanes)
    late = Rows(two.ts_ns + 600 * SECOND, *two[1:])
    apart = join_rows([iter([one]), iter([late])], lanes + more)
    assert apart.pairs.matched.sum() == 0
    together = join_rows([iter([one]), iter([late])], lanes + more, ahead_ns=[0, 600 * SECOND])
    assert together.pairs.matched.sum() == len(two.ts_ns)


def test_the_order_within_a_file_and_the_size_of_batches_do_not_matter():
    from captools.wire.same_packet import Rows, join_rows

    one, lanes = rows_of(capture("a"))
    two, more = rows_of(capture("b"), lanes)
    nearly = np.argsort(two.ts_ns + np.random.default_rng(1).integers(0, 3_000_000, len(two.ts_ns)), kind="stable")
    pieces = [Rows(*(column[part] for column in two)) for part in np.array_split(nearly, 17)]
    found = join_rows([iter([one]), iter(pieces)], lanes + more)
    assert found.pairs.matched.sum() == len(two.ts_ns)


def test_the_same_point_twice_is_no_loss_and_no_further_packet():
    a = capture("a")
    found, here, _ = join(a, a)
    held = int((rows_of(a)[0].print != 0).sum())
    assert found.firsts.sum() == found.pairs.matched.sum() == held < here
    assert found.pairs.least_ns.max() == found.pairs.greatest_ns.max() == 0


def test_a_capture_beside_nothing_has_only_new_packets():
    from captools.wire.same_packet import join_rows

    one, lanes = rows_of(capture("a"))
    found = join_rows([iter([one]), iter([])], lanes)
    assert len(found.pairs) == 0 and found.firsts.sum() == (one.print != 0).sum()
