"""Translated connections: address pairs that are one conversation before and behind NAT, however often it is translated.

Joined by what NAT leaves alone (see captools.correlate.same.prints). A packet is one packet in each address pair that it is
seen with: so a pair has exactly one candidate, or none is joined; a wrong join is worse than none. Two pairs seen with
one fingerprint at one place, or with a TTL that rose between them, are rivals and not variants. Direct server return
tells of itself (captools.correlate.same.dsr).
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from captools.correlate.same.dsr import told_by_dsr
from captools.correlate.same.flows import Connection
from captools.correlate.same.match import MAX_TRANSIT_NS
from captools.correlate.same.places import nodes, places
from captools.correlate.same.prints import invariant_fingerprint, told_apart_by_payload
from captools.correlate.same.split import SLACK_NS
from captools.correlate.sightings import ABSENT, Ints, Sightings

Pairs = set[tuple[int, int]]


def join_translated(
    rows: Sightings, found: list[Connection], *, times: Ints | None = None
) -> list[tuple[Connection, ...]]:
    """Return ``found`` in groups: the variants of one conversation, the originator's own view first.

    ``times`` (one per row, in nanoseconds) replaces the stamps where the nodes' clocks are known to differ.
    """
    times = rows["ts_ns"] if times is None else times
    row, of, way = _members(found)
    prints = told_apart_by_payload(rows, invariant_fingerprint(rows))
    called = told_by_dsr(rows, found, row, of)
    told = {(min(pair), max(pair)) for pair in called.items()}
    shared = _shared(prints[row], of)
    if not len(shared):
        return _groups(rows, found, told, set(), set(), set(called.values()))
    row, of, way = row[shared], of[shared], way[shared]
    order = np.lexsort((times[row], prints[row]))
    row, of, way = row[order], of[order], way[order]
    cluster = np.cumsum(np.r_[True, (np.diff(prints[row]) != 0) | (np.diff(times[row]) > MAX_TRANSIT_NS)])
    rivals = _rivals(rows, row, cluster, of, times)
    same, crossed = _links(found, cluster, of, way, np.array([bad for bad, _pair in rivals], np.int64))
    apart = {pair for _cluster, pair in rivals}
    return _groups(rows, found, same | told, crossed, apart, set(called.values()))


def _members(found: list[Connection]) -> tuple[Ints, Ints, Ints]:
    """Return (row, number of its connection, 0 forward or 1 reply) of all connections' rows."""
    parts = [part for one in found for part in (one.forward, one.reply)]
    sizes = np.array([len(part) for part in parts], np.int64)
    number = np.repeat(np.arange(len(parts)), sizes)
    row = np.concatenate([*parts, np.empty(0, np.int64)]).astype(np.int64)
    return row, number // 2, number % 2


def _shared(prints: npt.NDArray[np.uint64], of: Ints) -> Ints:
    """Return where the print is one that several connections have."""
    some = np.flatnonzero(prints != 0)
    order = some[np.argsort(prints[some], kind="stable")]
    same = _next_same(prints[order].view(np.int64))
    alike = np.cumsum(np.r_[False, ~same]) if len(order) else order
    several = np.zeros(len(order), np.bool_)
    several[alike[1:][same & (of[order][1:] != of[order][:-1])]] = True
    shared: Ints = order[several[alike]]
    return shared


def _rivals(rows: Sightings, row: Ints, cluster: Ints, of: Ints, times: Ints) -> set[tuple[int, tuple[int, int]]]:
    """Return (cluster, pair of connections) where two connections cannot both hold the cluster's one packet."""
    found: set[tuple[int, tuple[int, int]]] = set()
    place, node = places(rows)[row], nodes(rows)[row]
    by = np.lexsort((of, place, cluster))
    twice = _next_same(cluster[by]) & _next_same(place[by]) & (of[by][1:] != of[by][:-1])
    by_node = np.lexsort((times[row], node, cluster))
    ttl = rows["ttl"][row][by_node]
    rises = (np.diff(ttl) > 0) & (ttl[:-1] != ABSENT) & (np.diff(times[row][by_node]) > SLACK_NS)
    rises &= _next_same(cluster[by_node]) & _next_same(node[by_node]) & (of[by_node][1:] != of[by_node][:-1])
    for order, hits in ((by, twice), (by_node, rises)):
        at = np.flatnonzero(hits)
        first, second = of[order][at], of[order][at + 1]
        found |= {
            (number, (min(a, b), max(a, b)))
            for number, a, b in zip(cluster[order][at].tolist(), first.tolist(), second.tolist(), strict=True)
        }
    return found


def _next_same(column: Ints) -> npt.NDArray[np.bool_]:
    equal: npt.NDArray[np.bool_] = column[1:] == column[:-1]
    return equal


def _links(found: list[Connection], cluster: Ints, of: Ints, way: Ints, bad: Ints) -> tuple[Pairs, Pairs]:
    """Return the pairs of connections that share a packet, and those of them that see it going opposite ways."""
    poor = np.zeros(int(cluster.max()) + 1, np.bool_)
    poor[bad] = True
    good, size = ~poor[cluster], len(found)
    each = _different((cluster[good] * size + of[good]) * 2 + way[good])
    held, seen, turned = each // 2 // size, each // 2 % size, each % 2
    near = _next_same(held) & (seen[1:] != seen[:-1])
    pairs = _different((seen[:-1][near] * size + seen[1:][near]) * 2 + (turned[1:] != turned[:-1])[near])
    same: Pairs = set()
    crossed: Pairs = set()
    for a, b, opposite in zip(
        (pairs // 2 // size).tolist(), (pairs // 2 % size).tolist(), (pairs % 2).tolist(), strict=True
    ):
        if found[a].flow.proto == found[b].flow.proto and found[a].flow != found[b].flow:
            same.add((a, b))
            if opposite:
                crossed.add((a, b))
    return same, crossed


def _different(values: Ints) -> Ints:
    """Return the different values, in order."""
    ordered = np.sort(values)
    return ordered[np.r_[True, np.diff(ordered) != 0]] if len(ordered) else ordered


def _groups(
    rows: Sightings, found: list[Connection], same: Pairs, crossed: Pairs, rivals: Pairs, called: set[int]
) -> list[tuple[Connection, ...]]:
    partners: dict[int, set[int]] = defaultdict(set)
    for a, b in same:
        partners[a].add(b)
        partners[b].add(a)
    groups: list[tuple[Connection, ...]] = []
    taken: set[int] = set()
    for number, one in enumerate(found):
        if number in taken:
            continue
        chain = _chain(number, partners)
        if len(chain) == 1 or _contradictory(found, chain, rivals):
            groups.append((one,))
            continue
        taken |= chain
        turned = _turned(found, chain, partners, crossed)
        variants = {each: found[each].turned() if each in turned else found[each] for each in chain}
        order = sorted(chain, key=lambda each: (each not in called, *_originality(rows, variants[each])))
        groups.append(tuple(variants[each] for each in order))
    return groups


def _chain(number: int, partners: dict[int, set[int]]) -> set[int]:
    chain, todo = {number}, [number]
    while todo:
        for other in partners.get(todo.pop(), set()) - chain:
            chain.add(other)
            todo.append(other)
    return chain


def _contradictory(found: list[Connection], chain: set[int], rivals: Pairs) -> bool:
    """Tell whether a chain holds rivals, or one address pair twice (its ports were used again)."""
    if len({found[each].flow for each in chain}) < len(chain):
        return True
    members = sorted(chain)
    return any((a, b) in rivals for at, a in enumerate(members) for b in members[at + 1 :])


def _turned(found: list[Connection], chain: set[int], partners: dict[int, set[int]], crossed: Pairs) -> set[int]:
    """Return the variants whose originator was guessed wrong: seen from the middle, translated ports say little."""
    start = min((each for each in chain if found[each].certain), default=min(chain))
    ways, todo = {start: False}, [start]
    while todo:
        here = todo.pop()
        for other in partners[here]:
            if other not in ways:
                ways[other] = ways[here] ^ ((min(here, other), max(here, other)) in crossed)
                todo.append(other)
    return {each for each, wrong in ways.items() if wrong}


def _originality(rows: Sightings, one: Connection) -> tuple[bool, int, int]:
    """Sort key: the variant whose forward packets have lost the fewest hops is the originator's own."""
    part = one.forward if len(one.forward) else one.reply
    return not len(one.forward), -int(rows["ttl"][part].max()), int(rows["ts_ns"][part].min())
