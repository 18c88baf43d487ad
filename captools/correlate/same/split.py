"""Sightings with equal fingerprints that cannot all be one packet: cut apart where they contradict each other.

One place sees a packet once, and no router gives a packet its TTL back. Both are told by the clock of one node, so
that wrong clocks of other nodes contradict nothing. A mirror port may show a packet twice within a moment: with an IP id
that is a copy, for no sender uses an id again so soon.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from captools.correlate.sightings import ABSENT, Ints

SLACK_NS = 1_000_000  # taps of one node may stamp a packet a little out of order


def contradicting(group: Ints, place: Ints, node: Ints, ttl: Ints, ident: Ints, times: Ints) -> Ints:
    """Return the numbers of the groups whose sightings cannot be one packet; all columns in order of group and time.

    ``place`` is a number of the place and source of a sighting, ``node`` of the clock that stamped it, ``ident`` the
    IP id.
    """
    by = np.lexsort((times, place, group))
    twice = _same(group[by]) & _same(place[by]) & ((ident[by][1:] <= 0) | (np.diff(times[by]) > SLACK_NS))
    found = [group[by][1:][twice]]
    # Most groups fall steadily through all points; only the others are looked at node by node.
    rising = np.zeros(len(group), np.bool_)
    rising[1:] = _same(group) & (ttl[1:] > ttl[:-1]) & (ttl[:-1] != ABSENT)
    some = np.flatnonzero(np.isin(group, group[rising]) & (ttl != ABSENT))
    by = some[np.lexsort((times[some], node[some], group[some]))]
    late = np.diff(times[by]) > SLACK_NS
    found.append(group[by][1:][_same(group[by]) & _same(node[by]) & (np.diff(ttl[by]) > 0) & late])
    return np.unique(np.concatenate(found))


def cut(group: Ints, place: Ints, node: Ints, ttl: Ints, ident: Ints, times: Ints) -> Ints:
    """Return a part number for each sighting, in order of group and time: parts are one packet each, as far as known."""
    parts = np.zeros(len(group), np.int64)
    part, before = -1, -1
    seen: dict[int, int] = {}  # by place: when
    lowest: dict[int, tuple[int, int]] = {}  # by node: the last TTL and its time
    columns = (group.tolist(), place.tolist(), node.tolist(), ttl.tolist(), ident.tolist(), times.tolist())
    for at, (of, where, clock, left, number, now) in enumerate(zip(*columns, strict=True)):
        low, then = lowest.get(clock, (left, now))
        again = where in seen and (number <= 0 or now - seen[where] > SLACK_NS)
        if of != before or again or (left > low and now - then > SLACK_NS):
            part, before = part + 1, of
            seen, lowest = {}, {}
        seen[where] = now
        if left != ABSENT:
            lowest[clock] = left, now
        parts[at] = part
    return parts


def _same(column: Ints) -> npt.NDArray[np.bool_]:
    equal: npt.NDArray[np.bool_] = column[1:] == column[:-1]
    return equal
