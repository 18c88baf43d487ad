"""All straight lines between two clouds of points: the offset of one clock against another, with its drift.

Every packet from A to B says that B is ahead by no more than it seems to have taken; every packet from B to A says
that B is ahead by no less. While both clocks run evenly, the offset over time is a straight line under the first and
over the second: only the convex hulls of the two clouds matter (Zhang, Liu and Xia, "Clock synchronization algorithms
for network measurements", INFOCOM 2002; the same by linear programming in Moon, Skelly and Towsley, INFOCOM 1999).
What is kept is the whole set of such lines, so that the error is the farthest that any of them runs from the middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from captools.correlate.clocks.hull import lower_hull
from captools.correlate.sightings import Ints

Floats = npt.NDArray[np.float64]
MAX_DRIFT = (
    5e-4  # the fastest that NTP lets a clock run wrong (MAXFREQ of RFC 5905, appendix A.5.1.1); crystals do 1e-4
)


@dataclass(frozen=True, slots=True)
class Band:
    """The lines ``level + slope * (t - origin)`` between two clouds: the middle one, and how far the others leave it.

    ``levels`` and ``slopes`` are the corners of the set of lines, as differences from the middle one.
    """

    origin: int
    level: float  # ns, at ``origin``
    slope: float  # ns per ns
    levels: Floats
    slopes: Floats

    def offset(self, at: Ints) -> Ints:
        """Return the offset in ns at each time."""
        rounded: Ints = np.rint(self.level + self.slope * (at - self.origin)).astype(np.int64)
        return rounded

    def error(self, at: Ints) -> Ints:
        """Return how far in ns the true offset can lie from :meth:`offset`, at each time."""
        worst = np.zeros(len(at))
        for level, slope in zip(self.levels.tolist(), self.slopes.tolist(), strict=True):
            np.maximum(worst, np.abs(level + slope * (at - self.origin)), out=worst)
        return np.ceil(worst).astype(np.int64) + 1  # and what rounding took

    def before(self, at: Ints) -> Ints:
        """Return the time at which ``time + offset`` is ``at``: the inverse of adding the offset."""
        ahead = (at - self.origin - self.level) / (1 + self.slope)
        rounded: Ints = self.origin + np.rint(ahead).astype(np.int64)
        return rounded

    @property
    def slope_error(self) -> float:
        """How far the true slope can lie from ``slope``."""
        return float(np.abs(self.slopes).max())


def fit(above_x: Ints, above_y: Ints, below_x: Ints, below_y: Ints) -> Band | None:
    """Return all lines not above any ``above`` point and not below any ``below`` point; None where there is none.

    Times and offsets are in ns. Needs a point on both sides: ValueError otherwise.
    """
    if not len(above_x) or not len(below_x):
        raise ValueError("a band needs points on both sides")
    first, last = max(above_x.min(), below_x.min()), min(above_x.max(), below_x.max())
    origin, base = int(first) + (int(last) - int(first)) // 2, int(above_y.min())
    ceiling, floor = _Edge.of(above_x - origin, above_y - base), _Edge.of(below_x - origin, base - below_y)
    slopes = np.unique(np.r_[-MAX_DRIFT, MAX_DRIFT, ceiling.slopes, -floor.slopes])
    slopes = slopes[np.abs(slopes) <= MAX_DRIFT]
    high, low = ceiling.least(slopes), -floor.least(-slopes)
    room = high - low
    fits = np.flatnonzero(room >= 0)
    if not len(fits):
        return None
    ends = [
        _crossing(slopes, room, int(fits[0]) - 1, int(fits[0])),
        _crossing(slopes, room, int(fits[-1]) + 1, int(fits[-1])),
    ]
    corners = np.r_[ends[0], slopes[fits], ends[1]]
    middle = np.array([(ends[0] + ends[1]) / 2])
    level = float((ceiling.least(middle) - floor.least(-middle))[0] / 2)
    levels = np.r_[ceiling.least(corners), -floor.least(-corners)] - level
    return Band(origin, base + level, float(middle[0]), levels, np.r_[corners, corners] - float(middle[0]))


def _crossing(slopes: Floats, room: Floats, outside: int, inside: int) -> float:
    """Return the slope at which the room between the clouds ends, between a slope without room and one with."""
    if not 0 <= outside < len(slopes):
        return float(slopes[inside])
    share = room[inside] / (room[inside] - room[outside])
    return float(slopes[inside] + share * (slopes[outside] - slopes[inside]))


@dataclass(frozen=True, slots=True)
class _Edge:
    """The lower hull of a cloud: its corners, and the slopes of the lines between them, which grow."""

    x: Floats
    y: Floats
    slopes: Floats

    @classmethod
    def of(cls, x: Ints, y: Ints) -> _Edge:
        corners = lower_hull(x, y)
        across, up = x[corners].astype(float), y[corners].astype(float)
        return cls(across, up, np.diff(up) / np.diff(across))

    def least(self, slopes: Floats) -> Floats:
        """Return for each slope how high (at x = 0) a line of that slope can lie without rising above the cloud."""
        touching = np.searchsorted(self.slopes, slopes)
        least: Floats = self.y[touching] - slopes * self.x[touching]
        return least
