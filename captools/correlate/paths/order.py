"""Order of travel: the sightings of many packets at once, each packet's in the order in which it passed them.

What orders them, surest first: the inner TTL, which falls at every router; the node that also saw the packet with a
higher TTL (it had it before) or with a lower one (it has it after); the TTL of packets on the way back, for nodes that
see the same one on the way there (Cilium takes one off on the way into a pod, none on the way out); how long a node
waited for a packet on the way back, which is the longer the nearer it is to the sender; the outer TTL inside a tunnel; a
packet leaves one node before it enters the next; and only then what the clocks of several nodes say. Inside a node what
wraps or unwraps the packet comes in between, and its own clock tells the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from captools.correlate.paths.directions import IN, OUT, UNKNOWN
from captools.correlate.same.places import nodes
from captools.correlate.sightings import ABSENT, Ints, Sightings

_TOP = 256  # above any TTL
_ABOVE_PORTS = 1 << 16
_PLACE = ("point", "ttl", "outer_ttl", "tunnel", "depth", "src", "dst", "sport", "dport")


@dataclass(frozen=True, slots=True)
class Travel:
    """Hops of many packets, packet after packet, each in order of travel.

    ``rows``: the first proof of each hop; ``packet``: whose hop it is; ``directions``: OUT, IN or UNKNOWN;
    ``proofs``: all rows that show the hop, from ``first_proof[hop]`` to ``first_proof[hop + 1]``.
    """

    rows: Ints
    packet: Ints
    directions: Ints
    proofs: Ints
    first_proof: Ints


def in_order(rows: Sightings, packet: Ints, some: Ints, directions: Ints) -> Travel:
    """Order the rows ``some``, which show the packets ``packet``; ``directions`` are those rows'.

    Packets 2N and 2N + 1 went opposite ways between the same ends.
    """
    if not len(some):
        none = np.empty(0, np.int64)
        return Travel(none, none, none, none, np.zeros(1, np.int64))
    same = _hops(rows, packet, some)
    # One hop speaks through its earliest proof; a second tap may know the direction that the first does not.
    by = np.lexsort((rows["ts_ns"][some], same))
    starts = np.flatnonzero(np.r_[True, np.diff(same[by]) != 0])
    first = by[starts]
    low, high = (f.reduceat(directions[by], starts) for f in (np.minimum, np.maximum))
    told = np.where(low == OUT, OUT, np.where(high == IN, IN, UNKNOWN))
    order = _travel(rows, packet[first], some[first], told)
    sizes = np.diff(np.r_[starts, len(some)])[order]
    ends = np.cumsum(sizes)
    spread = np.repeat(starts[order] - (ends - sizes), sizes) + np.arange(len(some))
    return Travel(some[first][order], packet[first][order], told[order], some[by][spread], np.r_[0, ends])


def _hops(rows: Sightings, packet: Ints, some: Ints) -> Ints:
    """Number the hops: the n-th sighting of a packet at one place in one source is the n-th one there in any other."""
    columns = [packet, *(rows[name][some] for name in _PLACE)]
    by = np.lexsort((rows["ts_ns"][some], rows["source"][some], *columns[::-1]))
    key = np.stack([column[by] for column in columns])
    new_place = np.r_[True, (np.diff(key, axis=1) != 0).any(axis=0)]
    new_source = new_place | np.r_[True, np.diff(rows["source"][some][by]) != 0]
    at = np.arange(len(by))
    turn = at - np.maximum.accumulate(np.where(new_source, at, 0))
    found = np.empty(len(by), np.int64)
    found[by] = (np.cumsum(new_place) - 1) * (int(turn.max()) + 1) + turn
    return found


def _travel(rows: Sightings, packet: Ints, some: Ints, directions: Ints) -> Ints:
    stamps, node = rows["ts_ns"][some], nodes(rows)[some]
    ttl = rows["ttl"][some]
    # Printed text seldom tells the TTL: then only time orders that packet.
    ttl = np.where(np.isin(packet, packet[ttl == ABSENT]), 0, ttl)
    outer = rows["outer_ttl"][some]
    visit, _ = _groups(packet, node)
    before, after = _spread(np.maximum, ttl, visit) > ttl, _spread(np.minimum, ttl, visit) < ttl
    stay, first = _groups(packet, ttl, node)  # the stretch of one node's sightings with one TTL
    inside = _spread(np.maximum, outer, stay)
    by = np.lexsort((stamps, stay))
    entry = directions[by[np.searchsorted(stay[by], np.arange(len(first)))]][stay]
    plain = np.where(entry == OUT, _TOP, np.where(entry == IN, -1, 0))
    inside = np.where(inside == ABSENT, plain, inside)
    stage = np.where(before & ~after, 0, np.where(after & ~before, 2, 1))
    # In front of a node's own pods the tunnel comes first, behind them last. Stamps do not tell it: two taps may give
    # the same one, and a super-frame bears that of its first segment.
    depth = rows["depth"][some]
    # Where no pod of the node was captured, the direction of the tunnel's own packet tells it.
    facing = _spread(np.maximum, np.where(depth > 0, directions, ABSENT), stay)
    arriving, leaving = (stage == 2) | (stage == 1) & (facing == IN), (stage == 0) | (stage == 1) & (facing == OUT)
    wrapped = np.where(arriving, -depth, np.where(leaving, depth, 0))
    began = _spread(np.minimum, stamps, stay)
    tied = _groups(packet, ttl, stage)[0]
    # A node that a translation sends the packet back to sees it twice: once on either side of it.
    side = _groups(node, *_ends(rows, some))[0]
    low = _opposite(np.minimum, packet, side, ttl)
    mirrored = np.where(_spread(np.minimum, low, tied) == ABSENT, 0, low)
    wait = _waits(packet, side, stamps, tied)
    return np.lexsort((some, depth, stamps, wrapped, stay, began, entry, -inside, wait, mirrored, stage, -ttl, packet))


def _ends(rows: Sightings, some: Ints) -> tuple[Ints, Ints]:
    """Return numbers for the two ends of each packet, the same for both directions."""
    one, other = (rows[a][some] * _ABOVE_PORTS + rows[b][some] for a, b in (("src", "sport"), ("dst", "dport")))
    return np.minimum(one, other), np.maximum(one, other)


def _opposite(pick: np.ufunc, packet: Ints, side: Ints, values: Ints) -> Ints:
    """Return what ``pick`` finds among each entry's side's values for the packet on the opposite way, or ABSENT.

    A side is a node, and which addresses the packet has there.
    """
    size = int(side.max()) + 1
    key = packet * size + side
    number, one = _groups(key)
    keys, found = key[one], _spread(pick, values, number)[one]
    wanted = (packet ^ 1) * size + side
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, found[at], ABSENT)


def _waits(packet: Ints, side: Ints, stamps: Ints, tied: Ints) -> Ints:
    """Return a key that grows along the way: the time between both packets at one node, by that node's clock.

    It falls from the sender of the even packet to that of the odd one, whichever was sent first, as far as both ways
    are the same; clocks that differ change nothing in it. 0 for all of a tie where a node saw only one of them.
    """
    back = _opposite(np.minimum, packet, side, stamps)
    there = _spread(np.minimum, stamps, _groups(packet, side)[0])
    return np.where(_spread(np.minimum, back, tied) == ABSENT, 0, there - back)


def _groups(*columns: Ints) -> tuple[Ints, Ints]:
    """Return (group number of each entry, one entry of each group) for equal values in all ``columns``."""
    by = np.lexsort(columns[::-1])
    new = np.r_[True, np.any([np.diff(column[by]) != 0 for column in columns], axis=0)]
    number = np.empty(len(by), np.int64)
    number[by] = np.cumsum(new) - 1
    return number, by[new]


def _spread(pick: np.ufunc, values: Ints, group: Ints) -> Ints:
    """Return for each entry what ``pick`` (minimum, maximum) finds in its group."""
    by = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(group[by]) != 0])
    found: Ints = pick.reduceat(values[by], starts)[group]
    return found
