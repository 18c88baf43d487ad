"""Translated connections: two address pairs that are one conversation before and behind NAT.

Joined by what NAT leaves alone (see match.invariant_fingerprint). A pair is joined only when each side has exactly
one candidate: a wrong join is worse than none.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from captools.correlate.flows import Connection
from captools.correlate.match import MAX_TRANSIT_NS, invariant_fingerprint
from captools.correlate.sightings import Ints, Sightings

MIN_SHARED = 1  # one shared packet is enough: a SYN carries 32 random bits of sequence number


def join_translated(rows: Sightings, found: list[Connection]) -> list[tuple[Connection, ...]]:
    """Return ``found`` in groups: the variants of one conversation, the originator's own view first."""
    prints = invariant_fingerprint(rows)
    by_print: dict[int, set[int]] = defaultdict(set)
    times: dict[tuple[int, int], int] = {}
    for number, one in enumerate(found):
        for part in (one.forward, one.reply):
            for row in _first_of_each(prints, part):
                value = int(prints[row])
                by_print[value].add(number)
                times.setdefault((number, value), int(rows["ts_ns"][row]))
    shared: dict[tuple[int, int], int] = defaultdict(int)
    for value, numbers in by_print.items():
        if len(numbers) == 2:
            a, b = sorted(numbers)
            if _could_be_one(found[a], found[b]) and abs(times[a, value] - times[b, value]) <= MAX_TRANSIT_NS:
                shared[a, b] += 1
    partners: dict[int, set[int]] = defaultdict(set)
    for (a, b), count in shared.items():
        if count >= MIN_SHARED:
            partners[a].add(b)
            partners[b].add(a)
    return _groups(rows, found, partners)


def _first_of_each(prints: npt.NDArray[np.uint64], part: Ints) -> list[int]:
    """Return the first row of each different non-zero print."""
    live = part[prints[part] != 0]
    _, first = np.unique(prints[live], return_index=True)
    rows: list[int] = live[first].tolist()
    return rows


def _could_be_one(a: Connection, b: Connection) -> bool:
    """Tell whether two address pairs may be one conversation: same protocol, not the same pair."""
    return a.flow.proto == b.flow.proto and a.flow != b.flow


def _groups(rows: Sightings, found: list[Connection], partners: dict[int, set[int]]) -> list[tuple[Connection, ...]]:
    groups: list[tuple[Connection, ...]] = []
    taken: set[int] = set()
    for number in range(len(found)):
        if number in taken:
            continue
        chain, todo = {number}, [number]
        while todo:
            for other in partners[todo.pop()] - chain:
                chain.add(other)
                todo.append(other)
        taken |= chain
        groups.append(tuple(sorted((found[one] for one in chain), key=lambda one: _originality(rows, one))))
    return groups


def _originality(rows: Sightings, one: Connection) -> tuple[int, int]:
    """Sort key: the variant whose forward packets have lost the fewest hops is the originator's own."""
    part = one.forward if len(one.forward) else one.reply
    return -int(rows["ttl"][part].max()), int(rows["ts_ns"][part].min())
