"""Talks: all conversations as columns, so that what every one of them is asked is answered for all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from captools.correlate.paths.strands import Strand
from captools.correlate.same.byte_runs import ByteRuns
from captools.correlate.same.flows import Connection
from captools.correlate.same.match import Matches
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.flows import Flow
from captools.model.packets import TcpFlag

FORWARD, REPLY = 0, 1
Groups = Sequence[tuple[Connection, ...]]


@dataclass(frozen=True, slots=True)
class Talks:
    """Rows of all conversations. A *leg* is one direction of one conversation: number 2 x conversation + direction.

    ``rows`` and ``legs`` have one entry per sighting, sorted by leg and time. The other arrays have one entry per
    leg: ``packets`` (different ones), ``first_ns``, ``best`` (number of the packet that was seen at the most points,
    then the earliest), ``flags`` (all TCP flags seen), ``payload`` (the longest one), ``origin`` (the row with the
    highest TTL). ABSENT where a leg has no sighting.
    """

    rows: Ints
    legs: Ints
    starts: Ints
    packets: Ints
    first_ns: Ints
    best: Ints
    flags: Ints
    payload: Ints
    origin: Ints
    points: list[tuple[int, ...]]  # per leg: codes of its points

    def of(self, leg: int) -> Ints:
        """Return the rows of a leg, in time order."""
        return self.rows[self.starts[leg] : self.starts[leg + 1]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One conversation as far as its end is judged: the flow at either end (before and behind NAT), its two strands.

    ``errors`` are rows of ICMP errors that quote it.
    """

    leg: int  # of the way there; the way back is the next
    flow: Flow
    far: Flow
    there: Strand
    back: Strand
    errors: Ints


def talks(rows: Sightings, matches: Matches, runs: ByteRuns, groups: Groups) -> Talks:
    """Gather the conversations ``groups``, each given as its address pairs.

    ``matches`` number packets through NAT; ``runs`` are of the lanes of the same groups, so that bytes which are one
    super-frame here and ten segments there count as ten packets and not as eleven.
    """
    parts = [part for variants in groups for part in _both(variants)]
    sizes = np.array([len(part) for part in parts], np.int64)
    members = np.concatenate([np.empty(0, np.int64), *parts])
    legs = np.repeat(np.arange(len(parts)), sizes)
    ids = matches.ids
    by = np.lexsort((rows["ts_ns"][members], legs))
    members = members[by]
    starts = np.r_[0, np.cumsum(sizes)]
    live = np.flatnonzero(sizes)
    at = starts[live]

    def per_leg(values: Ints) -> Ints:
        found = np.full(len(parts), ABSENT, np.int64)
        found[live] = values
        return found

    packets = _packets(rows, ids, runs, members, legs, len(parts))
    best = _best(rows, ids, members, legs, len(parts))
    flags = np.where(rows["tcp_flags"][members] == ABSENT, 0, rows["tcp_flags"][members])
    highest = members[np.lexsort((rows["ts_ns"][members], -rows["ttl"][members], legs))]
    return Talks(
        rows=members,
        legs=legs,
        starts=starts,
        packets=packets,
        first_ns=per_leg(rows["ts_ns"][members][at]),
        best=best,
        flags=per_leg(np.bitwise_or.reduceat(flags, at) if len(at) else flags),
        payload=per_leg(np.maximum.reduceat(rows["payload_len"][members], at) if len(at) else flags),
        origin=per_leg(highest[at]),
        points=_points(rows, members, legs, len(parts)),
    )


def _both(variants: tuple[Connection, ...]) -> tuple[Ints, Ints]:
    return (
        np.concatenate([one.forward for one in variants]),
        np.concatenate([one.reply for one in variants]),
    )


def _packets(rows: Sightings, ids: Ints, runs: ByteRuns, members: Ints, legs: Ints, count: int) -> Ints:
    """Return how many different packets each leg has: of a run of bytes, as many as where it is in the most pieces."""
    run = runs.ids[members]
    alone, shared = np.flatnonzero(run == ABSENT), np.flatnonzero(run != ABSENT)
    single = _different(legs[alone], ids[members][alone])
    found = np.bincount(legs[alone][single], minlength=count)
    if not len(shared):
        return found
    point = run[shared] * len(rows.points) + rows["point"][members][shared]
    piece = _different(point, ids[members][shared])
    where, pieces = np.unique(point[piece], return_counts=True)
    most = np.zeros(runs.count, np.int64)
    np.maximum.at(most, where // len(rows.points), pieces)
    numbers, first = np.unique(run[shared], return_index=True)
    np.add.at(found, legs[shared][first], most[numbers])
    return found


def _different(key: Ints, number: Ints) -> Ints:
    """Return one entry of each different pair."""
    order = np.lexsort((number, key))
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(key[order]) != 0) | (np.diff(number[order]) != 0)
    return order[new]


def _best(rows: Sightings, ids: Ints, members: Ints, legs: Ints, count: int) -> Ints:
    """Return the packet of each leg that was seen at the most points, the earliest of several."""
    best = np.full(count, ABSENT, np.int64)
    if not len(members):
        return best
    order = np.lexsort((rows["point"][members], ids[members], legs))
    leg, number, point = legs[order], ids[members][order], rows["point"][members][order]
    new = np.r_[True, (np.diff(leg) != 0) | (np.diff(number) != 0)]
    starts = np.flatnonzero(new)
    another = new | np.r_[True, np.diff(point) != 0]
    seen_at = np.add.reduceat(another.astype(np.int64), starts)
    first = np.minimum.reduceat(rows["ts_ns"][members][order], starts)
    ranked = np.lexsort((first, -seen_at, leg[starts]))
    winner = ranked[np.r_[True, np.diff(leg[starts][ranked]) != 0]]
    best[leg[starts][winner]] = number[starts][winner]
    return best


def _points(rows: Sightings, members: Ints, legs: Ints, count: int) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = [()] * count
    if not len(members):
        return found
    size = len(rows.points) + 1
    pairs = np.unique(legs * size + rows["point"][members])
    leg, point = pairs // size, (pairs % size).tolist()
    starts = np.flatnonzero(np.r_[True, np.diff(leg) != 0]).tolist()
    for begin, end in zip(starts, [*starts[1:], len(leg)], strict=True):
        found[int(leg[begin])] = tuple(point[begin:end])
    return found


def is_set(flags: int, *wanted: TcpFlag) -> bool:
    """Tell whether one of the TCP flags is among ``flags``."""
    return flags != ABSENT and any(flags & one for one in wanted)
