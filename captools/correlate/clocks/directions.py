"""Directions: of two sightings of one packet under different clocks, which was the earlier one.

Two things say so without any clock. The TTL: every router takes one away. And where it is the same on both sides, the
conversation: of packets that went from A to B and their answers from B to A, the first kind seems to take longer by B's
stamps than the second by exactly the round trip, whatever the offset is; so the kind that seems to take longer is the
one that went from A to B. (That needs both directions, near one another in time; one alone says nothing.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from captools.correlate.clocks.band import MAX_DRIFT
from captools.correlate.same.match import Matches
from captools.correlate.sightings import ABSENT, Ints, Sightings

Bools = npt.NDArray[np.bool_]
_MOST = 64  # sightings of one packet; more points than any real path has
_NO_TTL = 256
_FAR_MORE = 20  # so many times more answers must say one thing than the other


@dataclass(frozen=True, slots=True)
class Crossings:
    """Packets on their way from one clock to another: the row where each was sent and the row where it was received."""

    sent: Ints
    received: Ints


def crossings(rows: Sightings, matches: Matches, codes: Ints, tick: Ints) -> Crossings:
    """Return all pairs of sightings of one packet under different clocks (``codes``) whose order is known."""
    outer = np.where(rows["outer_ttl"] == ABSENT, _NO_TTL, rows["outer_ttl"])
    live = np.flatnonzero(matches.ids != ABSENT)
    order = live[np.lexsort((-outer[live], -rows["ttl"][live], matches.ids[live]))]
    parts = [(order[:0], order[:0])]
    for step in range(1, _MOST):
        same = matches.ids[order[:-step]] == matches.ids[order[step:]]
        if not same.any():
            break
        first, second = order[:-step][same], order[step:][same]
        across = codes[first] != codes[second]
        parts.append((first[across], second[across]))
    first, second = (np.concatenate(part) for part in zip(*parts, strict=True))
    falling = (rows["ttl"][first] > rows["ttl"][second]) | (
        (outer[first] > outer[second]) & (outer[first] < _NO_TTL) & (rows["tunnel"][first] == rows["tunnel"][second])
    )
    if falling.all():
        return Crossings(first, second)
    forward, told = _by_conversation(rows, codes, tick, first, second, falling)
    ahead = falling | forward
    sent, received = np.where(ahead, first, second), np.where(ahead, second, first)
    return Crossings(sent[falling | told], received[falling | told])


def _by_conversation(
    rows: Sightings, codes: Ints, tick: Ints, first: Ints, second: Ints, falling: Bools
) -> tuple[Bools, Bools]:
    """Tell of each pair whether ``first`` was the earlier one, and whether answers near in time agree on that.

    ``falling`` pairs are known to be in order: a conversation that says otherwise of them says nothing of any.
    """
    swapped = codes[first] > codes[second]
    ours, theirs = np.where(swapped, (second, first), (first, second))
    src, dst = rows["src"][ours], rows["dst"][ours]
    way = src < dst
    _, ends = np.unique(np.minimum(src, dst) * len(rows.addresses) + np.maximum(src, dst), return_inverse=True)
    places = rows["point"][ours] * len(rows.points) + rows["point"][theirs]
    _, talk = np.unique(places * (int(ends.max()) + 1) + ends, return_inverse=True)
    at, late = rows["ts_ns"][ours], rows["ts_ns"][theirs] - rows["ts_ns"][ours]
    order = np.lexsort((at, talk))
    here, then = order[:-1], order[1:]
    more = np.where(way[here], late[here] - late[then], late[then] - late[here])
    # What the clocks may have drifted apart between the two, and what their stamps leave out.
    noise = 2 * MAX_DRIFT * (at[then] - at[here]) + 2 * np.maximum(tick[ours], tick[theirs])[here]
    telling = (talk[here] == talk[then]) & (way[here] != way[then]) & (np.abs(more) > noise) & (src[here] != dst[here])
    count = int(talk.max()) + 1
    up, down = (np.bincount(talk[here][telling & (more * sign > 0)], minlength=count) for sign in (1, -1))
    # ``up``: what goes from the lower address to the higher one goes from the lower clock to the higher one.
    forward = np.where((up > down)[talk], way, ~way) ^ swapped
    agreed = np.minimum(up, down) * _FAR_MORE < np.maximum(up, down)
    agreed[talk[falling & ~forward]] = False
    return forward, agreed[talk]
