"""Handshakes: each initiation, its answer, and whether it was the first, a retry or a rekey.

Each attempt has a new sender index (whitepaper, section 5.4.2), so that copies of one initiation at several points are
one handshake; the answer names that index as its receiver.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.correlate.wireguard.ends import Bools, Ends
from captools.correlate.wireguard.messages import Messages
from captools.correlate.wireguard.sessions import REJECT_AFTER_NS, Established
from captools.model.units import NS_PER_S, rfc3339
from captools.model.wireguard import Handshake
from captools.wire.wireguard import COOKIE, INITIATION, RESPONSE

REKEY_TIMEOUT_NS = 5 * NS_PER_S  # an initiation unanswered for this long is repeated
_JITTER_NS = 333_000_000 + 500_000_000  # up to a third of a second by the protocol, and what a busy machine adds


@dataclass(slots=True)
class Attempt:
    """One initiation, with all rows that carry it (``asked``), its answer and a cookie reply."""

    index: int
    initiator: int
    responder: int
    at: int  # ns, at the initiator's card where that was captured
    asked: list[int] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    cookies: list[int] = field(default_factory=list)
    kind: str = "first"
    number: int = 1
    watched: bool = True  # the capture went on for long enough to hold an answer


def attempts(rows: Sightings, ends: Ends, points: Bools, seen: Messages) -> list[Attempt]:
    """Return all initiations at ``points`` in the order of their times; ``seen`` are the data messages there."""
    here = np.flatnonzero((rows["wg_type"] != ABSENT) & points[rows["point"]]) if len(rows) else np.empty(0, np.int64)
    here = here[np.argsort(rows["ts_ns"][here], kind="stable")]
    kind = rows["wg_type"][here]
    answers, cookies = (_by_receiver(rows, here[kind == one]) for one in (RESPONSE, COOKIE))
    found: dict[int, Attempt] = {}
    asking = here[kind == INITIATION]
    places = zip(ends.of_datagrams(rows["src"][asking]), ends.of_datagrams(rows["dst"][asking]), strict=True)
    for row, (src, dst) in zip(asking.tolist(), places, strict=True):
        index, at = int(rows["wg_sender"][row]), int(rows["ts_ns"][row])
        one = found.setdefault(index, Attempt(index, int(src), int(dst), at))
        if rows.node(row) == ends.name(int(src)) and not any(rows.node(each) == rows.node(row) for each in one.asked):
            one.initiator, one.at = int(src), at
        if rows.node(row) == ends.name(int(dst)):
            one.responder = int(dst)
        one.asked.append(row)
    last = _last_seen(rows)
    for one in found.values():
        one.answered, one.cookies = answers[one.index], cookies[one.index]
        one.watched = _watched(rows, one, last)
    ordered = sorted(found.values(), key=lambda one: one.at)
    _tell_kinds(ordered, seen)
    return ordered


def _by_receiver(rows: Sightings, members: Ints) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for row in members.tolist():
        found[int(rows["wg_receiver"][row])].append(row)
    return found


def _last_seen(rows: Sightings) -> Ints:
    """Return by point when it saw its last packet."""
    last = np.full(len(rows.points), np.iinfo(np.int64).min)
    np.maximum.at(last, rows["point"], rows["ts_ns"])
    return last


def _watched(rows: Sightings, one: Attempt, last: Ints) -> bool:
    """Tell whether a point that saw the initiation went on seeing anything for as long as the initiator waits."""
    return any(last[rows["point"][row]] >= rows["ts_ns"][row] + REKEY_TIMEOUT_NS for row in one.asked)


def _tell_kinds(ordered: list[Attempt], seen: Messages) -> None:
    before: dict[tuple[int, int], Attempt] = {}
    used: dict[tuple[int, int], Ints] = {}
    for one in ordered:
        way = one.initiator, one.responder
        last = before.get(way)
        if last and not last.answered and one.at - last.at <= REKEY_TIMEOUT_NS + _JITTER_NS:
            one.kind, one.number = "retry", last.number + 1
            last.watched = True  # that it was repeated shows that the initiator got no answer
        else:
            pair = min(way), max(way)
            if pair not in used:
                used[pair] = _times(seen, pair)
            in_use = used[pair]
            at = int(np.searchsorted(in_use, one.at))
            if at and one.at - int(in_use[at - 1]) <= REJECT_AFTER_NS:
                one.kind = "rekey"
        before[way] = one


def _times(seen: Messages, pair: tuple[int, int]) -> Ints:
    """Return when data passed between two places."""
    low, high = np.minimum(seen.sender, seen.receiver), np.maximum(seen.sender, seen.receiver)
    return np.sort(seen.ts[(low == pair[0]) & (high == pair[1])])


def established(rows: Sightings, ends: Ends, ordered: Iterable[Attempt]) -> dict[int, Established]:
    """Return by receiver index what the answered handshakes say of the sessions: the index of the other direction."""
    found: dict[int, Established] = {}
    for one in ordered:
        at: dict[int, int] = {}
        for row in one.answered:
            place = ends.place(rows.node(row)) if rows.node(row) else ABSENT
            at.setdefault(place, int(rows["ts_ns"][row]))
        for row in one.answered[:1]:
            theirs = int(rows["wg_sender"][row])
            found[one.index] = Established(theirs, at)
            found[theirs] = Established(one.index, at)
    return found


def told(rows: Sightings, ends: Ends, one: Attempt) -> Handshake:
    """Return an attempt as a value; its round trip is measured at one point, on the initiator's node if possible."""
    trip, point = _round_trip(rows, ends, one)
    if one.answered:
        detail = "" if trip is not None else "the answer was seen at other points only"
    elif one.cookies:
        detail = "the responder is under load and sent a cookie: the next attempt must prove its address"
    else:
        detail = "" if one.watched else "the capture ends before an answer was due"
    return Handshake(
        time=rfc3339(one.at),
        rtt_ns=trip,
        result="answered" if one.answered else "unanswered",
        initiator=ends.name(one.initiator),
        responder=ends.name(one.responder),
        sender_index=one.index,
        receiver_index=int(rows["wg_sender"][one.answered[0]]) if one.answered else None,
        kind=one.kind,
        attempt=one.number,
        detail=detail,
        point=point,
    )


def _round_trip(rows: Sightings, ends: Ends, one: Attempt) -> tuple[int | None, str]:
    """Return (time from initiation to answer, point). The farther from the responder, the longer and truer it is."""
    asked = {int(rows["point"][row]): int(rows["ts_ns"][row]) for row in reversed(one.asked)}
    answered = {int(rows["point"][row]): int(rows["ts_ns"][row]) for row in reversed(one.answered)}
    trips = [(at - asked[point], rows.points[point]) for point, at in answered.items() if point in asked]
    trips = [each for each in trips if each[0] >= 0]
    at_home = [each for each in trips if each[1].partition("/")[0] == ends.name(one.initiator)]
    return max(at_home or trips, default=(None, ""))
