"""The lower convex hull of many points: what a line that stays below all of them has to respect."""

from __future__ import annotations

import numpy as np

from captools.correlate.sightings import Ints

_WORTH = 0.95  # a pass that leaves more than this of the points is the last one
_FEW = 64


def lower_hull(x: Ints, y: Ints) -> Ints:
    """Return the indices of the corners of the lower convex hull of the points (x, y), by growing x.

    Linear passes take out whatever lies on or above the straight line between its two neighbours (no corner ever
    does); the few that are left go through the monotone chain of Andrew (1979), in exact integers.
    """
    if not len(x):
        return np.empty(0, np.int64)
    order = np.lexsort((y, x))
    order = order[np.r_[True, np.diff(x[order]) > 0]]
    while len(order) > _FEW:
        across, up = (x[order] - x[order[0]]).astype(float), (y[order] - y[order[0]]).astype(float)
        chord = (up[2:] - up[:-2]) * (across[1:-1] - across[:-2]) - (up[1:-1] - up[:-2]) * (across[2:] - across[:-2])
        kept = order[np.r_[True, chord > 0, True]]
        done = len(kept) > _WORTH * len(order)
        order = kept
        if done:
            break
    return _chain(x, y, order)


def _chain(x: Ints, y: Ints, order: Ints) -> Ints:
    hull: list[tuple[int, int, int]] = []
    for index, at, height in zip(order.tolist(), x[order].tolist(), y[order].tolist(), strict=True):
        while len(hull) > 1:
            (_, x0, y0), (_, x1, y1) = hull[-2], hull[-1]
            if (x1 - x0) * (height - y0) > (y1 - y0) * (at - x0):
                break
            hull.pop()
        hull.append((index, at, height))
    return np.array([index for index, _, _ in hull], np.int64)
