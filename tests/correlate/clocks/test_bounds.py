from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.clocks.bounds import Bounds


def bounds(*limits):
    """Bounds from (time, limit, is an upper one)."""
    at, limit, above = (np.array(column) for column in zip(*limits, strict=True))
    rows = np.arange(len(at))
    return Bounds.of(at, limit, above, rows, rows + 100)


def test_bounds_are_kept_in_order_of_time_with_their_rows():
    one = bounds((30, 5, True), (10, -5, False), (20, 6, True))
    assert one.at.tolist() == [10, 20, 30] and one.limit.tolist() == [-5, 6, 5]
    assert one.sent.tolist() == [1, 2, 0] and one.received.tolist() == [101, 102, 100]
    assert len(one) == 3 and one.two_way


def test_two_sets_of_bounds_make_one():
    one = Bounds.joined([bounds((30, 5, True)), bounds((10, -5, False))])
    assert one.limit.tolist() == [-5, 5] and one.two_way


def test_limits_of_one_kind_are_not_two_way_and_fit_nothing():
    one = bounds((10, 5, True), (20, 6, True))
    assert not one.two_way
    with pytest.raises(ValueError, match="both sides"):
        one.fit()


def test_a_reading_lies_between_the_question_and_the_answer():
    # Asked at 1000, answered at 1040; their clock said 1520: it is 480 to 520 ahead.
    band = Bounds.readings(np.array([1000]), np.array([1520]), np.array([1040])).fit()
    at = np.array([1020])
    assert band.offset(at)[0] == 500 and 20 <= band.error(at)[0] <= 22


def test_a_broken_limit_says_by_how_much():
    band = bounds((0, 10, True), (0, -10, False)).fit()  # 0 ± 11 at time 0
    beyond = bounds((0, -50, True), (0, 12, True), (0, 40, False)).beyond(band)
    assert beyond.tolist() == [50 - 11, -12 - 11, 40 - 11]
