"""The lower hull: the corners and nothing else, whatever the order and number of points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.correlate.clocks.hull import lower_hull

POINTS = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=40)


def corners(points):
    x, y = (np.array(column, np.int64) for column in zip(*points, strict=True))
    return [(int(x[at]), int(y[at])) for at in lower_hull(x, y)]


@given(POINTS)
def test_no_point_lies_under_the_hull_and_every_corner_turns_left(points):
    hull = corners(points)
    assert set(hull) <= set(points)
    assert [hull[0][0], hull[-1][0]] == [min(x for x, _ in points), max(x for x, _ in points)]
    for (x0, y0), (x1, y1) in zip(hull, hull[1:], strict=False):
        assert x0 < x1
        assert all((x1 - x0) * (y - y0) >= (y1 - y0) * (x - x0) for x, y in points if x0 <= x <= x1)
    for (x0, y0), (x1, y1), (x2, y2) in zip(hull, hull[1:], hull[2:], strict=False):
        assert (x1 - x0) * (y2 - y0) > (y1 - y0) * (x2 - x0)


@pytest.mark.parametrize("count", [1_000, 200_000])
def test_the_thinning_of_many_points_loses_no_corner(count):
    random = np.random.default_rng(3)
    x = np.sort(random.integers(0, 10**12, count))
    y = 40_000 + random.exponential(30_000, count).astype(np.int64)
    found = lower_hull(x, y)
    # A line on the hull, of any slope, touches the lowest point of all in that direction.
    for slope in (-1e-6, -1e-8, 0.0, 1e-8, 1e-6):
        assert (y - slope * x).min() == (y[found] - slope * x[found]).min()
    assert len(found) < 200


def test_no_points_have_no_hull():
    assert len(lower_hull(np.empty(0, np.int64), np.empty(0, np.int64))) == 0
