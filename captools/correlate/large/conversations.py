"""Conversations of a large session, from lanes (thousands) and the join of their packets: no packet is looked at here.

Lanes with the same two ends are one conversation, and so are two pairs of ends that shared packets (translation), where
each has only the other to be: a wrong join is worse than none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from captools.wire.bytesview import U64, Bools, Ints
from captools.wire.lane_keys import SUMS, LaneColumns
from captools.wire.prints import mixed

if TYPE_CHECKING:
    from captools.wire.same_packet import Joined

_START = np.uint64(0x70)


@dataclass(frozen=True, slots=True)
class Conversations:
    """``of_lane`` numbers the conversation of each lane; the other arrays have one entry per conversation.

    ``sums`` are captools.wire.lane_keys.SUMS over all points; ``different`` counts packets however many points saw them;
    ``points`` how many captures did; ``variants`` the pairs of ends (more than one: translated).
    """

    of_lane: Ints
    sums: dict[str, Ints]
    different: Ints
    points: Ints
    variants: Ints
    both_ways: Bools
    http: Bools
    tls: Bools
    pair: U64  # a hash of protocol, addresses and the lower port: equal for conversations of the same kind
    proto: Ints

    def __len__(self) -> int:
        return len(self.different)


def conversations(lanes: LaneColumns, source: Ints, joined: Joined) -> Conversations:
    """Return the conversations of ``lanes``; ``source`` has the number of each lane's capture."""
    ends_of, forth = _ends(lanes)
    count = int(ends_of.max(initial=-1)) + 1
    group = _linked(ends_of, count, source, joined)
    total = int(group.max(initial=-1)) + 1
    way = np.bincount(ends_of[forth], minlength=count) > 0
    back = np.bincount(ends_of[~forth], minlength=count) > 0
    both_ways = np.bincount(group, way & back, total) > 0
    variants = np.bincount(group, minlength=total)
    of_lane = group[ends_of]
    del ends_of, forth, group, way, back
    first = np.unique(of_lane, return_index=True)[1]
    return Conversations(
        of_lane=of_lane,
        sums={name: _sum(of_lane, lanes.flows[name], total) for name in SUMS},
        different=_sum(of_lane, joined.firsts, total),
        points=_points(of_lane, source, total),
        variants=variants,
        both_ways=both_ways,
        http=_any(of_lane, lanes.flows["http"], total),
        tls=_any(of_lane, lanes.flows["tls"], total),
        pair=_kind(lanes, first),
        proto=lanes.proto[first].astype(np.int64),
    )


def _ends(lanes: LaneColumns) -> tuple[Ints, Bools]:
    """Return the number of each lane's two ends, whichever sends, and which of the two directions it is."""
    one, other = (mixed(mixed(address, _START), port.astype(np.uint64))
                  for address, port in ((lanes.src, lanes.sport), (lanes.dst, lanes.dport)))  # fmt: skip
    forth = one > other
    ends = mixed(mixed(np.minimum(one, other), np.maximum(one, other)), lanes.proto.astype(np.uint64))
    del one, other
    return np.unique(ends, return_inverse=True)[1], forth


def _points(of_lane: Ints, source: Ints, total: int) -> Ints:
    """Return how many captures saw each conversation."""
    sources = int(source.max(initial=0)) + 1
    seen = np.unique(of_lane * sources + source)
    return np.bincount(seen // sources, minlength=total)


def _kind(lanes: LaneColumns, first: Ints) -> U64:
    """Return Conversations.pair, by the ``first`` lane of each."""
    src, dst = lanes.src[first], lanes.dst[first]
    lower = np.minimum(lanes.sport[first], lanes.dport[first]).astype(np.uint64)
    addresses = np.minimum(src, dst) ^ np.maximum(src, dst) * np.uint64(3)
    return mixed(mixed(addresses, lower), lanes.proto[first].astype(np.uint64))


def _sum(number: Ints, values: npt.NDArray[Any], count: int) -> Ints:
    out = np.zeros(count, np.int64)
    np.add.at(out, number, values.astype(np.int64))
    return out


def _any(number: Ints, values: npt.NDArray[Any], count: int) -> Bools:
    found: Bools = np.bincount(number, values != 0, count) > 0
    return found


def _linked(ends_of: Ints, count: int, source: Ints, joined: Joined) -> Ints:
    """Return the group of each pair of ends: linked ones have the same."""
    pairs = joined.pairs
    one, other = ends_of[pairs.first], ends_of[pairs.lane]
    apart = np.flatnonzero(one != other)
    # Each link in both directions: from one pair of ends to another one, as that is seen at a source.
    here = np.concatenate([one[apart], other[apart]])
    there = np.concatenate([other[apart], one[apart]])
    where = np.concatenate([source[pairs.lane[apart]], source[pairs.first[apart]]])
    sources = int(source.max(initial=0)) + 1
    links = np.unique((here * sources + where) * count + there)
    key, there = links // max(count, 1), links % max(count, 1)
    here = key // sources
    _, place, candidates = np.unique(key, return_inverse=True, return_counts=True)
    sure = candidates[place] == 1
    # Both have to be the other's only one.
    edges = np.unique(np.minimum(here, there)[sure] * count + np.maximum(here, there)[sure])
    doubted = np.unique(np.minimum(here, there)[~sure] * count + np.maximum(here, there)[~sure])
    edges = edges[~np.isin(edges, doubted)]
    return _components(edges // max(count, 1), edges % max(count, 1), count)


def _components(one: Ints, other: Ints, count: int) -> Ints:
    """Number the connected components of ``count`` things that the pairs link."""
    label = np.arange(count)
    while True:
        least = label.copy()
        np.minimum.at(least, one, label[other])
        np.minimum.at(least, other, label[one])
        least = least[least]
        if (least == label).all():
            break
        label = least
    return np.unique(label, return_inverse=True)[1].astype(np.int64)
