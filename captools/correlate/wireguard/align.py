"""Align: which messages of one sequence are those of another, where only sizes, order and times are known.

Both sequences are cut into bursts at pauses longer than anything takes from one device to the other. Where a burst holds
as many messages on both sides and every size agrees in order, each message has exactly one partner: ``LIKELY``. In the
bursts that are left, something is missing on one side. There shorter pauses are tried, and then messages that have no
rival of their size about as soon as the others took; what contradicts the order of the rest is dropped: ``POSSIBLE``.
A wrong partner is worse than none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from captools.correlate.sightings import ABSENT, Ints
from captools.correlate.wireguard.ends import Bools

LIKELY, POSSIBLE = 2, 1
WINDOW_NS = 1_000_000_000  # from device to card: what a busy machine or a handshake may hold a packet back
USUAL_NS = 50_000_000  # encryption and queueing alone take far less
_UNMEASURED_NS, _LEAST_NS, _TIMES = 2_000_000, 50_000, 3
# Pause, and how sure a burst between two such pauses is that agrees in everything.
_PAUSES = ((WINDOW_NS, LIKELY), (USUAL_NS, LIKELY), (USUAL_NS // 10, POSSIBLE), (USUAL_NS // 50, POSSIBLE))


@dataclass(frozen=True, slots=True)
class _Sequence:
    size: Ints
    ts: Ints


def align(first: Ints, first_ts: Ints, second: Ints, second_ts: Ints, doubtful: Bools) -> tuple[Ints, Ints]:
    """Return for each element of ``first`` its place in ``second`` (ABSENT where none) and how sure that is.

    ``first`` happens before ``second``: times rise in both, and a partner never is earlier. Sizes are compared as
    equal numbers; a negative size in ``second`` is a message known to exist but not seen, which fits any size.
    ``doubtful`` marks those of ``second`` beside which something may be missing: their bursts are
    never LIKELY, and long ones are no bursts at all.
    """
    partner = np.full(len(first), ABSENT, np.int64)
    sure = np.zeros(len(first), np.int64)
    if not len(first) or not len(second):
        return partner, sure
    left, right = np.arange(len(first)), np.arange(len(second))
    one, other = _Sequence(first, first_ts), _Sequence(second, second_ts)
    for pause, surety in _PAUSES:
        a, b = _bursts(first_ts[left], second_ts[right], pause)
        bound = pause if surety == LIKELY else _usual((second_ts[partner] - first_ts)[sure == LIKELY])
        i, j = _equal_bursts(left, right, a, b, one, other, bound)
        open_question = np.isin(a[np.searchsorted(left, i)], b[doubtful[right]])
        if pause == WINDOW_NS:
            i, j, open_question = i[~open_question], j[~open_question], open_question[~open_question]
        partner[i], sure[i] = j, np.where(open_question, POSSIBLE, surety)
        left, right = np.setdiff1d(left, i, assume_unique=True), np.setdiff1d(right, j, assume_unique=True)
    i, j = _only_ones(left, right, one, other, bound)
    partner[i], sure[i] = j, POSSIBLE
    disordered = (partner != ABSENT) & (sure == POSSIBLE) & ~_in_order(partner)
    partner[disordered], sure[disordered] = ABSENT, 0
    seen = (partner != ABSENT) & (second[partner] >= 0)
    return np.where(seen, partner, ABSENT), np.where(seen, sure, 0)


def _usual(delay: Ints) -> int:
    """Return how long the way may take where something is missing: some times what the whole bursts took."""
    if not len(delay):
        return _UNMEASURED_NS
    return min(max(_TIMES * int(np.percentile(delay, 90)), _LEAST_NS), USUAL_NS)


def _bursts(first_ts: Ints, second_ts: Ints, pause: int) -> tuple[Ints, Ints]:
    """Number the bursts of both sequences together."""
    times = np.concatenate([first_ts, second_ts])
    order = np.argsort(times, kind="stable")
    burst = np.empty(len(times), np.int64)
    burst[order] = np.cumsum(np.diff(times[order], prepend=times[order[:1]]) > pause)
    return burst[: len(first_ts)], burst[len(first_ts) :]


def _equal_bursts(
    left: Ints, right: Ints, a: Ints, b: Ints, one: _Sequence, other: _Sequence, bound: int
) -> tuple[Ints, Ints]:
    """Return the partners in bursts that agree in number, in every size, and in the time that each took."""
    count = int(max(a.max(initial=0), b.max(initial=0))) + 1
    same = np.bincount(a, minlength=count) == np.bincount(b, minlength=count)
    i, j = left[same[a]], right[same[b]]
    delay = other.ts[j] - one.ts[i]
    differs = ((one.size[i] != other.size[j]) & (other.size[j] >= 0)) | (delay < 0) | (delay > bound)
    same &= np.bincount(a[same[a]], weights=differs, minlength=count) == 0
    return left[same[a]], right[same[b]]


def _only_ones(left: Ints, right: Ints, one: _Sequence, other: _Sequence, bound: int) -> tuple[Ints, Ints]:
    """Return the partners that have no rival: one message of the size within ``bound`` ns, and no other packet for it."""
    pairs: list[tuple[Ints, Ints]] = []
    for size in np.intersect1d(one.size[left], other.size[right]).tolist():
        mine, j = left[one.size[left] == size], right[other.size[right] == size]
        begin, end = _within(other.ts[j], one.ts[mine], one.ts[mine] + bound)
        i, at = mine[end - begin == 1], begin[end - begin == 1]
        begin, end = _within(one.ts[mine], other.ts[j[at]] - bound, other.ts[j[at]])
        alone = end - begin == 1
        pairs.append((i[alone], j[at[alone]]))
    if not pairs:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.concatenate([i for i, _ in pairs]), np.concatenate([j for _, j in pairs])


def _within(times: Ints, low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Return where the times from ``low`` to ``high`` begin and end."""
    return np.searchsorted(times, low, "left"), np.searchsorted(times, high, "right")


def _in_order(partner: Ints) -> Bools:
    """Tell which partners lie behind all those before them and before all those behind them."""
    has = np.flatnonzero(partner != ABSENT)
    good = np.ones(len(partner), np.bool_)
    places = partner[has]
    before = np.concatenate([[-1], np.maximum.accumulate(places)[:-1]]) if len(has) else places
    after = np.minimum.accumulate(places[::-1])[::-1]
    good[has] = (places > before) & (places <= after)
    return good
