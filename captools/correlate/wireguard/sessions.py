"""Sessions: which index belongs to which node, and per point what was lost, doubled or overtaken before it.

The receiver index of a data message was chosen by its receiver in the handshake; the counter behind it rises by one with
each message, so that holes in it are messages that never came by (whitepaper, section 5.4.6).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from captools.correlate.sightings import Ints, Sightings
from captools.correlate.wireguard.ends import Ends
from captools.correlate.wireguard.messages import Messages, groups, number
from captools.model.units import NS_PER_S, rfc3339
from captools.model.wireguard import Session

REJECT_AFTER_NS = 180 * NS_PER_S  # REJECT_AFTER_TIME: a receiver refuses data of an older session
_SLACK_NS = 1 * NS_PER_S  # the session begins at each end at its own moment


@dataclass(frozen=True, slots=True)
class Established:
    """One end of a session: the other end's index, and when (at which node) its handshake was answered."""

    peer_index: int
    at: dict[int, int]  # place of the node at whose points the answer was seen -> first time there


def sessions(
    rows: Sightings, ends: Ends, seen: Messages, established: dict[int, Established]
) -> list[tuple[int, int, Session]]:
    """Return (sender's place, receiver's place, session) of every direction of every session with data."""
    if not len(seen):
        return []
    lane = number(seen.direction, seen.point, rows["source"][seen.row], seen.ttl)
    order = np.lexsort((np.arange(len(seen)), seen.ts, lane))
    behind, again = _behind(seen, lane, order), _again(seen, lane, order)
    return [_session(rows, ends, seen, members, behind, again, established) for _, members in groups(seen.direction)]


def _behind(seen: Messages, lane: Ints, order: Ints) -> Ints:
    """1 for each message that came after one with a higher counter."""
    _, rank = np.unique(seen.counter, return_inverse=True)
    height = rank.reshape(-1) + lane * (len(seen) + 1)  # lanes rise in order, so that the maximum starts anew in each
    highest = np.maximum.accumulate(height[order])
    found = np.zeros(len(seen), np.int64)
    found[order] = height[order] < highest
    return found


def _again(seen: Messages, lane: Ints, order: Ints) -> Ints:
    """1 for each message that the same lane had carried before: its counter is there already."""
    key = number(lane, seen.counter)[order]
    _, first = np.unique(key, return_index=True)
    found = np.ones(len(seen), np.int64)
    found[order[first]] = 0
    return found


def _session(
    rows: Sightings, ends: Ends, seen: Messages, members: Ints, behind: Ints, again: Ints,
    established: dict[int, Established],
) -> tuple[int, int, Session]:  # fmt: skip
    index = int(seen.index[members[0]])
    own = members[seen.node[members] == seen.sender[members]]
    first = own[0] if len(own) else members[0]  # behind address translation only the sender's own card names it
    at_home = members[seen.node[members] == seen.receiver[members]]
    last = at_home[0] if len(at_home) else members[0]
    sender, receiver = int(seen.sender[first]), int(seen.receiver[last])
    counters, at = np.unique(seen.counter[members], return_index=True)
    empty = seen.keepalive()[members][at]
    known = established.get(index)
    begun = min(known.at.values(), default=None) if known else None
    return sender, receiver, Session(
        sender=ends.name(sender),
        receiver=ends.name(receiver),
        receiver_index=index,
        sender_index=known.peer_index if known else None,
        established=rfc3339(begun) if begun is not None else "",
        first=rfc3339(int(seen.ts[members].min())),
        last=rfc3339(int(seen.ts[members].max())),
        data=int((~empty).sum()),
        keepalives=int(empty.sum()),
        first_counter=int(counters[0]),
        last_counter=int(counters[-1]),
        expired=_expired(seen, members, known),
        gaps=_gaps(rows, seen, members),
        duplicates=_summed(rows, seen, members, again),
        reordered=_summed(rows, seen, members, behind & ~again),
    )  # fmt: skip


def _expired(seen: Messages, members: Ints, known: Established | None) -> int:
    """Count messages sent more than 180 s behind the handshake, or behind the first message where none was seen."""
    late: set[int] = set()
    for node in np.unique(seen.node[members]).tolist():
        here = members[seen.node[members] == node]
        begun = known.at.get(node) if known else int(seen.ts[here].min())
        if begun is not None:
            late.update(seen.counter[here[seen.ts[here] > begun + REJECT_AFTER_NS + _SLACK_NS]].tolist())
    return len(late)


def _gaps(rows: Sightings, seen: Messages, members: Ints) -> dict[str, int]:
    """Count per point the counters between the first and the last one that never came by."""
    found = {}
    for point in np.unique(seen.point[members]).tolist():
        counters = np.unique(seen.counter[members[seen.point[members] == point]])
        missing = int(counters[-1] - counters[0]) + 1 - len(counters)
        if missing:
            found[rows.points[point]] = missing
    return found


def _summed(rows: Sightings, seen: Messages, members: Ints, marks: Ints) -> dict[str, int]:
    hits = members[marks[members] > 0]
    points, counts = np.unique(seen.point[hits], return_counts=True)
    return {rows.points[point]: int(count) for point, count in zip(points.tolist(), counts.tolist(), strict=True)}
