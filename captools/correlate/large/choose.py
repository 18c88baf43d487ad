"""Which conversations of a large session to look at packet by packet, and how much of each lane.

All packets of a chosen conversation at all points are taken, so that nothing negative is concluded from a sample; of a
very long one what lies before some time, the same at all points, and that is told. Every way that two addresses use is
shown by a conversation at least, as far as there is room, so that no kind of clear text is overlooked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from captools.correlate.large.conversations import Conversations
from captools.model.packets import EtherType, Proto
from captools.wire.bytesview import U64, Bools, Ints
from captools.wire.lane_keys import LaneColumns

LONGEST = 20_000  # packets of a lane from which its conversation is cut
_AT_MOST = 4 * LONGEST  # that are taken of it where they come in bursts
NEVER = np.int64((1 << 63) - 1)
ALL = np.int64(1 << 62)


@dataclass(frozen=True, slots=True)
class Choice:
    """``take`` says how many packets of each lane are wanted, from its first one on and up to ``until_ns``.

    ``followed`` of ``conversations`` are taken, ``cut`` of them not to their ends; ``troubled`` of ``troubles`` are
    among them; of ``links`` (two addresses and a way between them) ``shown``.
    """

    take: Ints
    until_ns: Ints
    followed: int
    conversations: int
    cut: int
    troubled: int
    troubles: int
    shown: int
    links: int


def choose(lanes: LaneColumns, found: Conversations, budget: int, ahead: Ints | None = None) -> Choice:
    """Return what to take of ``lanes``: about ``budget`` packets; ``ahead``: how many ns each lane's clock is."""
    of_lane = found.of_lane
    address = lanes.src != 0
    talking = np.bincount(of_lane[address], minlength=len(found)) > 0
    cost = np.bincount(of_lane, np.minimum(lanes.flows["packets"], LONGEST), len(found)).astype(np.int64)
    trouble = troubled(found) & talking
    spoken = (found.http | found.tls) & talking
    chosen = np.zeros(len(found), np.bool_)
    left = budget

    def pick(some: Ints, kind: U64, most: int) -> None:
        nonlocal left
        picked = _spread(some, kind, cost, most)
        chosen[picked] = True
        left -= int(cost[picked].sum())

    pick(np.flatnonzero(trouble), found.pair, left // 2)
    pick(np.flatnonzero(spoken & ~chosen), found.pair, left // 2)
    link = lanes.link
    pick(*_showing(lanes, link, of_lane, cost, chosen), left)
    for some in (trouble, spoken, talking):
        pick(np.flatnonzero(some & ~chosen), found.pair, left)
    wanted = chosen[of_lane]
    shown, links = (len(np.unique(link[some])) for some in (wanted & address, address))
    del link  # as long as the lanes: room for what follows
    take, until = np.where(wanted, ALL, 0), np.where(wanted, _ends(lanes, found, ahead), NEVER)
    take[until < NEVER] = _AT_MOST
    take[~wanted & (lanes.ethertype == EtherType.ARP)] = LONGEST
    return Choice(
        take, until,
        followed=int(chosen.sum()), conversations=int(talking.sum()), cut=len(np.unique(of_lane[until < NEVER])),
        troubled=int((chosen & trouble).sum()), troubles=int(trouble.sum()),
        shown=shown, links=links,
    )  # fmt: skip


def _showing(lanes: LaneColumns, link: U64, of_lane: Ints, cost: Ints, chosen: Bools) -> tuple[Ints, U64]:
    """Return the shortest conversation for each link that no chosen one shows; and the way of one of its links each."""
    rest = np.flatnonzero((lanes.src != 0) & ~np.isin(link, link[chosen[of_lane]]))
    order = rest[np.lexsort((cost[of_lane[rest]], link[rest]))]
    firsts = order[np.unique(link[order], return_index=True)[1]]
    some, place = np.unique(of_lane[firsts], return_index=True)
    kind = np.zeros(len(cost), np.uint64)
    kind[some] = lanes.way[firsts[place]]
    return some, kind


def troubled(found: Conversations) -> Bools:
    """Tell which conversations need looking at: reset, unanswered, with losses, or seen at fewer points than others."""
    sums = found.sums
    one_way = ~found.both_ways & np.isin(found.proto, (Proto.TCP, Proto.UDP, Proto.ICMP, Proto.ICMPV6))
    lossy = (sums["retransmitted"] > 0) | (sums["gaps"] > 0)
    return (sums["rsts"] > 0) | one_way | lossy | _fewer(found)


def _fewer(found: Conversations) -> Bools:
    """Tell which conversations were seen at fewer points than most between the same two addresses at the same port."""
    order = np.lexsort((found.points, found.pair))
    pair = found.pair[order]
    starts = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])[: len(pair)]
    size = np.diff(np.r_[starts, len(pair)])
    usual = found.points[order[starts + size // 2]]
    out = np.zeros(len(found), np.bool_)
    out[order] = found.points[order] < np.repeat(usual, size)
    return out


def _ends(lanes: LaneColumns, found: Conversations, ahead: Ints | None) -> Ints:
    """Return until when by its own clock to take the packets of each lane: NEVER is to its end.

    A conversation ends everywhere at one time, at about the LONGEST packet of its longest lane.
    """
    shift = np.int64(0) if ahead is None else ahead
    first, last = np.full(len(found), NEVER), np.zeros(len(found), np.int64)
    most = np.zeros(len(found), np.int64)
    np.minimum.at(first, found.of_lane, lanes.flows["first_ns"] - shift)
    np.maximum.at(last, found.of_lane, lanes.flows["last_ns"] - shift)
    np.maximum.at(most, found.of_lane, lanes.flows["packets"])
    ends = np.where(most > LONGEST, first + ((last - first) * (LONGEST / np.maximum(most, 1))).astype(np.int64), NEVER)
    of_lane = ends[found.of_lane]
    return np.where(of_lane == NEVER, NEVER, of_lane + shift)


def _spread(some: Ints, kind: U64, cost: Ints, budget: int) -> Ints:
    """Return as many of ``some`` as fit: the first of each kind before the second of any, short ones before long ones."""
    by_kind = some[np.argsort(kind[some], kind="stable")]
    kinds = kind[by_kind]
    starts = np.flatnonzero(np.r_[True, kinds[1:] != kinds[:-1]])[: len(kinds)]
    rank = np.arange(len(kinds)) - np.repeat(starts, np.diff(np.r_[starts, len(kinds)]))
    order = by_kind[np.lexsort((cost[by_kind], rank))]
    return order[np.cumsum(cost[order]) <= budget]
