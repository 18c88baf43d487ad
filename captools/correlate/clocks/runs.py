"""Runs: the stretches of time in which both clocks ran evenly, and the packets that fit into none.

No clock runs evenly for ever, so that a long capture is looked at in windows of minutes. In each one straight line
explains all, unless a clock was set meanwhile (a step: all later packets disagree with all earlier ones) or a match is
wrong (one packet disagrees with its neighbours). The two are told apart by leaving the first packet that does not fit
out: where many more then fit, it was that packet; where not, it was the clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from captools.correlate.clocks.band import Band
from captools.correlate.clocks.bounds import Bounds
from captools.correlate.sightings import Ints

_WINDOW_NS = 120_000_000_000
_MANY = 8  # packets that must agree before a clock is said to have been set
_COARSE = 20_000  # limits looked at where the search is needed at all: the tightest of each moment
_MOST_ODD = 64  # packets that may disagree before nothing is believed any more


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch of even running: where it begins and ends (ns on clock a) and the lines that fit there."""

    begin: int
    end: int
    band: Band

    @property
    def middle(self) -> int:
        """The time in the middle."""
        return self.begin + (self.end - self.begin) // 2


def split(bounds: Bounds) -> tuple[Run, ...]:
    """Return the runs of ``bounds`` by time; none where they are of one kind or contradict one another throughout."""
    if not bounds.two_way:
        return ()
    return tuple(run for part in _windows(bounds) for run in _window(bounds.of_these(part)))


def beyond(bounds: Bounds, runs: tuple[Run, ...]) -> tuple[Ints, Ints]:
    """Return the indices of the bounds that the run of their time breaks, and by how many ns each."""
    begins = np.array([run.begin for run in runs])
    nearest = np.clip(np.searchsorted(begins, bounds.at, "right") - 1, 0, None)
    by_ns = np.zeros(len(bounds), np.int64)
    for number in np.unique(nearest).tolist():
        mine = np.flatnonzero(nearest == number)
        by_ns[mine] = bounds.of_these(mine).beyond(runs[number].band)
    broken = np.flatnonzero(by_ns > 0)
    return broken, by_ns[broken]


def _windows(bounds: Bounds) -> list[Ints]:
    """Return the indices of the bounds in each window of time; what tells too little goes to its neighbour."""
    count = max(int(bounds.at[-1] - bounds.at[0]) // _WINDOW_NS, 1)
    width = int(bounds.at[-1] - bounds.at[0]) // count + 1
    cuts = np.flatnonzero(np.diff((bounds.at - bounds.at[0]) // width)) + 1
    parts: list[Ints] = []
    open_ = np.empty(0, np.int64)
    for part in np.split(np.arange(len(bounds)), cuts):
        open_ = np.r_[open_, part]
        if len(open_) >= 2 * _MANY and bounds.of_these(open_).two_way:
            parts.append(open_)
            open_ = np.empty(0, np.int64)
    if parts and len(open_):
        parts[-1] = np.r_[parts[-1], open_]
    return parts or [open_]


def _window(bounds: Bounds) -> tuple[Run, ...]:
    whole = bounds.fit()
    if whole is not None:
        return (Run(int(bounds.at[0]), int(bounds.at[-1]), whole),)
    parts = _parts(bounds, _tightest(bounds))
    runs = [_run(bounds, part) for part in _united(bounds, [part for part in parts if len(part) >= _MANY])]
    return _parted(bounds, [run for run in runs if run is not None])


def _run(bounds: Bounds, part: Ints) -> Run | None:
    here = bounds.of_these(part)
    band = here.fit() if here.two_way else None
    return None if band is None else Run(int(here.at[0]), int(here.at[-1]), band)


def _tightest(bounds: Bounds) -> Ints:
    """Return the indices of the lowest upper and the highest lower limit of each moment, in order of time."""
    if len(bounds) <= _COARSE:
        return np.arange(len(bounds))
    span = int(bounds.at[-1] - bounds.at[0]) // (_COARSE // 2) + 1
    moment = (bounds.at - bounds.at[0]) // span * 2 + bounds.above
    order = np.lexsort((np.where(bounds.above, bounds.limit, -bounds.limit), moment))
    return np.sort(order[np.r_[True, np.diff(moment[order]) != 0]])


def _parts(bounds: Bounds, left: Ints) -> list[Ints]:
    """Cut ``left`` into stretches that a line fits; what fits into none is left out. Empty where too much is."""
    parts: list[Ints] = []
    odd = 0
    while len(left):
        fits = _fitting(bounds, left)
        while fits < len(left):
            without = np.delete(left, fits)
            further = _fitting(bounds, without)
            if further < len(without) and further - fits < _MANY:
                break
            left, fits, odd = without, further, odd + 1
            if odd > _MOST_ODD:
                return []
        parts.append(left[:fits])
        left = left[fits:]
        odd += fits < _MANY
    return parts


def _fitting(bounds: Bounds, left: Ints) -> int:
    """Return how many of ``left``, from the first, a line fits."""
    low, high = 1, len(left)
    while low < high:
        middle = (low + high + 1) // 2
        here = bounds.of_these(left[:middle])
        if not here.two_way or here.fit() is not None:
            low = middle
        else:
            high = middle - 1
    return low


def _united(bounds: Bounds, parts: list[Ints]) -> list[Ints]:
    """Put neighbouring stretches together that one line fits: what parted them was left out."""
    found: list[Ints] = []
    for part in parts:
        if found:
            both = bounds.of_these(np.r_[found[-1], part])
            if not both.two_way or both.fit() is not None:
                found[-1] = np.r_[found[-1], part]
                continue
        found.append(part)
    return found


def _parted(bounds: Bounds, runs: list[Run]) -> tuple[Run, ...]:
    """Return the runs with each step where it was, not where a packet first contradicts what came before.

    After a step, packets of one kind may fit the lines before it as well, as if they had taken seconds. They belong to
    the side on which they seem to take less time.
    """
    found = runs[:1]
    for after in runs[1:]:
        before = found[-1]
        between = np.flatnonzero((bounds.at >= before.begin) & (bounds.at < after.begin))
        here = bounds.of_these(between)
        ours = np.flatnonzero(here.beyond(after.band) > 0)  # these are certainly from before
        rest = here.of_these(np.arange(ours[-1] + 1 if len(ours) else 0, len(here)))
        slack = [np.abs(rest.limit - run.band.offset(rest.at)) for run in (before, after)]
        theirs = np.flatnonzero(slack[1] < slack[0])
        if len(theirs):
            after = replace(after, begin=int(rest.at[theirs[0]]))
            found[-1] = replace(before, end=int(here.at[here.at < after.begin].max(initial=before.begin)))
        found.append(after)
    return tuple(found)
