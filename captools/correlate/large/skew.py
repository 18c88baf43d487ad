"""How far the clocks of captures are apart, roughly, by when they first saw the same flow directions.

Only to bring the same packets near each other before they are joined; captools.correlate.clocks then measures.
"""

from __future__ import annotations

import numpy as np

from captools.wire.bytesview import Ints
from captools.wire.lane_keys import LaneColumns
from captools.wire.prints import mixed

APART_NS = 1_000_000_000  # what is less is left alone: the join looks further than this
LEAST_SHARED = 3  # flow directions that two captures must share
_START = np.uint64(0x5E)


def ahead(lanes: LaneColumns, source: Ints, count: int) -> Ints:
    """Return for each of ``count`` captures how many ns its clock runs ahead of the first one's; 0 where nobody can tell.

    ``source`` has the number of each lane's capture. A flow that began before one of the captures did tells nothing
    true, so most of the shared ones have to agree.
    """
    found = np.zeros(count, np.int64)
    first = _first_seen(lanes, source)
    known, todo = {0}, set(range(1, count))
    while todo:
        steps = {number: _apart(first, known, found, number) for number in todo}
        told = {number: step for number, step in steps.items() if step is not None}
        if not told:
            break
        for number, step in told.items():
            found[number] = step if abs(step) > APART_NS else 0
        known |= set(told)
        todo -= set(told)
    return found


def _first_seen(lanes: LaneColumns, source: Ints) -> tuple[Ints, Ints, Ints]:
    """Return (flow direction, capture, first time), one row for each direction at each capture, by direction."""
    ends = np.full(len(lanes), _START)
    for column in (lanes.src, lanes.dst, lanes.sport, lanes.dport, lanes.proto):
        ends = mixed(ends, column.astype(np.uint64))
    there = np.flatnonzero(lanes.src != 0)
    order = there[np.lexsort((lanes.flows["first_ns"][there], source[there], ends[there]))]
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(ends[order]) != 0) | (np.diff(source[order]) != 0)
    kept = order[new]
    return ends[kept].view(np.int64), source[kept], lanes.flows["first_ns"][kept]


def _apart(first: tuple[Ints, Ints, Ints], known: set[int], found: Ints, number: int) -> int | None:
    """Return how far capture ``number`` is ahead, by what it shares with the ``known`` ones; None where too little."""
    ends, source, time = first
    of_known = np.isin(source, sorted(known))
    aligned = time[of_known] - found[source[of_known]]
    theirs, at = np.unique(ends[of_known], return_index=True)
    own = source == number
    place = np.searchsorted(theirs, ends[own])
    place[place == len(theirs)] = 0
    shared = theirs[place] == ends[own] if len(theirs) else np.zeros(int(own.sum()), np.bool_)
    steps = time[own][shared] - aligned[at[place[shared]]]
    if len(steps) < LEAST_SHARED:
        return None
    middle = int(np.median(steps))
    agreeing = np.abs(steps - middle) <= APART_NS
    return middle if 2 * int(agreeing.sum()) > len(steps) else None
