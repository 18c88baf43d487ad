"""Crossings: the same datagram at the cards of its sender and of its receiver, by (receiver index, counter).

No key is needed: the two are unique in a session (whitepaper, section 5.4.6). So what was lost between the cards is
known exactly, and how long the way took as exactly as the two clocks compare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from captools.correlate.evidence import Prover
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.correlate.wireguard.ends import Bools, Ends
from captools.correlate.wireguard.messages import Messages, groups, number
from captools.model.wireguard import Crossing

Between = Callable[[str, str], tuple[int, int] | None]  # (offset of the second node's clock, error), None if unknown
_NEVER = np.iinfo(np.int64).max
_TRANSIT_NS = 1_000_000_000  # a datagram under way for longer is lost
_SHOWN = 5


def crossings(
    rows: Sightings, ends: Ends, seen: Messages, between: Between, prover: Prover
) -> list[tuple[int, int, Crossing]]:
    """Return (sender's place, receiver's place, crossing) for each two nodes whose cards both were captured."""
    found = []
    spans = _Spans.of(rows)
    home = seen.take(seen.node != ABSENT)
    for (sender, receiver), members in groups(home.sender, home.receiver):
        way = home.take(members)
        if (way.node == sender).any() and (way.node == receiver).any():
            found.append((sender, receiver, _crossing(rows, ends, way, sender, receiver, between, prover, spans)))
    return found


def _crossing(
    rows: Sightings, ends: Ends, way: Messages, sender: int, receiver: int, between: Between, prover: Prover,
    spans: _Spans,
) -> Crossing:  # fmt: skip
    key = number(way.direction, way.counter)
    leaving, coming = way.node == sender, way.node == receiver
    count = int(key.max()) + 1
    # The last card of the sender and the first one of the receiver bound the way between the two.
    left = _extreme(key[leaving], way.ts[leaving], count, latest=True)
    came = _extreme(key[coming], way.ts[coming], count, latest=False)
    sent, arrived = left != _NEVER, came != _NEVER
    direction = np.empty(count, np.int64)
    direction[key] = way.direction
    offset = between(ends.name(sender), ends.name(receiver))
    listening = spans.listening(np.unique(way.point[coming]), left, offset)
    missing = sent & ~arrived & (_inside(direction, arrived) | listening)
    delays = (came - left)[sent & arrived] - (offset[0] if offset else 0)
    return Crossing(
        sender=ends.name(sender),
        receiver=ends.name(receiver),
        sender_points=_points(rows, way, leaving),
        receiver_points=_points(rows, way, coming),
        matched=int((sent & arrived).sum()),
        missing=int(missing.sum()),
        unjudged=int((sent & ~arrived & ~missing).sum()),
        unsent=int((arrived & ~sent & _inside(direction, sent)).sum()),
        last_seen=_last_seen(rows, way, missing[key]),
        delay_min_ns=int(delays.min()) if offset and len(delays) else None,
        delay_median_ns=int(np.median(delays)) if offset and len(delays) else None,
        delay_max_ns=int(delays.max()) if offset and len(delays) else None,
        delay_error_ns=offset[1] if offset and len(delays) else None,
        evidence=prover.of(
            np.unique(way.row[missing[key]])[:_SHOWN], "datagrams that left and never came to the other node's card"
        ),
    )


def _extreme(key: Ints, ts: Ints, count: int, *, latest: bool) -> Ints:
    """Return by key its first or last time; _NEVER where it does not occur."""
    found = np.full(count, _NEVER)
    order = np.argsort(ts, kind="stable") if latest else np.argsort(ts, kind="stable")[::-1]
    found[key[order]] = ts[order]  # of several assignments to one place the last one stays
    return found


def _inside(direction: Ints, there: Bools) -> Bools:
    """Tell which keys lie between two of the same direction that were there: keys rise with the counter."""
    held = np.flatnonzero(there)
    before, after = np.searchsorted(held, np.arange(len(there))), np.searchsorted(held, np.arange(len(there)), "right")
    if not len(held):
        return np.zeros(len(there), np.bool_)
    low, high = held[np.maximum(before - 1, 0)], held[np.minimum(after, len(held) - 1)]
    found: Bools = (before > 0) & (after < len(held)) & (direction[low] == direction) & (direction[high] == direction)
    return found


@dataclass(frozen=True, slots=True)
class _Spans:
    """When each point saw its first and its last packet."""

    first: Ints
    last: Ints

    @classmethod
    def of(cls, rows: Sightings) -> _Spans:
        first, last = np.full(len(rows.points), _NEVER), np.full(len(rows.points), -_NEVER)
        np.minimum.at(first, rows["point"], rows["ts_ns"])
        np.maximum.at(last, rows["point"], rows["ts_ns"])
        return cls(first, last)

    def listening(self, points: Ints, left: Ints, offset: tuple[int, int] | None) -> Bools:
        """Tell what left while ``points`` were seeing packets; nothing where the clocks do not compare."""
        if offset is None:
            return np.zeros(len(left), np.bool_)
        ahead, error = offset
        earliest = int(self.first[points].min()) + error - ahead
        latest = int(self.last[points].max()) - error - ahead - _TRANSIT_NS
        found: Bools = (left != _NEVER) & (left >= earliest) & (left <= latest)
        return found


def _points(rows: Sightings, way: Messages, here: Bools) -> tuple[str, ...]:
    return tuple(sorted(rows.points[code] for code in np.unique(way.point[here]).tolist()))


def _last_seen(rows: Sightings, way: Messages, lost: Bools) -> dict[str, int]:
    """Return by point how many of the lost messages were seen there last: where the TTL had fallen lowest."""
    members = np.flatnonzero(lost)
    key = number(way.direction[members], way.counter[members])
    order = np.lexsort((way.ts[members], -way.ttl[members], key))
    last = np.flatnonzero(np.diff(key[order], append=-1))
    points, counts = np.unique(way.point[members[order[last]]], return_counts=True)
    return {rows.points[point]: int(count) for point, count in zip(points.tolist(), counts.tolist(), strict=True)}
