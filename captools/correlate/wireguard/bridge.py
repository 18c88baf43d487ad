"""Bridge: which datagrams carry which inner packets, at each node, by peer, size, order and time.

Nobody without the keys can know it: a message says nothing of what is in it but its padded length. So a match is
``likely`` at best, where a whole burst fits message by message, and what does not fit stays unmatched.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.correlate.wireguard.align import LIKELY, POSSIBLE, USUAL_NS, align
from captools.correlate.wireguard.ends import Bools, Ends
from captools.correlate.wireguard.inner import OVERLAY_V4, OVERLAY_V6, InnerPackets, inner_packets
from captools.correlate.wireguard.messages import Messages, groups, number
from captools.correlate.wireguard.sizes import cut, largest_packet, message_units, units
from captools.model.cluster import Cluster
from captools.model.points import Role
from captools.model.wireguard import Inner

_HOLES = 1_000  # counters that may be missing in a row before the rest is taken for another burst


@dataclass(slots=True)
class Bridge:
    """Per row of the packet table: the row of the (first) datagram that carries it, ABSENT where none is known.

    ``sure`` is LIKELY, POSSIBLE or 0, ``count`` the number of datagrams (more than one for a super-frame). ``streams``
    counts what was matched, by (sender's place, receiver's place).
    """

    outer_of: Ints
    sure: Ints
    count: Ints
    unmatched: list[int] = field(default_factory=list)
    streams: list[tuple[int, int, Inner]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Fit:
    """How the packets of one stream fit: per packet the first message, its surety, and the number of messages."""

    first: Ints
    sure: Ints
    count: Ints


def bridge(rows: Sightings, roles: dict[str, Role], cluster: Cluster, ends: Ends, seen: Messages) -> Bridge:
    """Match inner packets at each node's devices to the datagrams (``seen``) at the same node's cards."""
    nothing = np.full(len(rows), ABSENT, np.int64)
    result = Bridge(nothing, np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64))
    by_point = {point: members for (point,), members in groups(rows["point"])} if len(seen) else {}
    home = _without_keepalives(seen.take(seen.node != ABSENT))
    for (node,), at_node in groups(home.node):
        packets = inner_packets(rows, ends, roles, node, by_point)
        if packets is None:
            continue
        mtu, here = _mtu(rows, cluster, packets), home.take(at_node)
        datagrams = {way: _once(here.take(members)) for way, members in groups(here.sender, here.receiver)}
        for way, inner in groups(packets.sender, packets.receiver):
            outer = datagrams.get(way)
            if outer is not None:
                fit = _best_fit(rows, packets, inner, outer, mtu, leaves=way[0] == node)
                _note(rows, ends, packets, inner, outer, fit, result, (node, *way))
    return result


def _without_keepalives(seen: Messages) -> Messages:
    """Leave out empty messages, and count on as if they had not been there: their places are no gaps."""
    counter, empty = seen.counter.copy(), seen.keepalive()
    for _, members in groups(seen.direction, seen.node):
        told = np.unique(seen.counter[members[empty[members]]])
        counter[members] -= np.searchsorted(told, seen.counter[members])
    return replace(seen, counter=counter).take(~empty)


def _once(way: Messages) -> Messages:
    """Keep one sighting per message (it may be seen at several cards of a node, or by ``any`` as well)."""
    order = np.argsort(way.ts, kind="stable")
    _, first = np.unique(number(way.direction, way.counter)[order], return_index=True)
    return way.take(order[np.sort(first)])


def _mtu(rows: Sightings, cluster: Cluster, packets: InnerPackets) -> int:
    """Return the MTU of the node's WireGuard device by the inventory, 0 where that is unknown."""
    point = rows.point(int(packets.row[0]))
    node = cluster.node(point.partition("/")[0])
    name = node.wireguard.interface if node and node.wireguard else point.partition("/")[2]
    link = node.link(name) if node else None
    return link.mtu if link and packets.role is Role.WIREGUARD else 0


def _best_fit(rows: Sightings, packets: InnerPackets, inner: Ints, outer: Messages, mtu: int, *, leaves: bool) -> _Fit:
    """Fit the packets as they are; pods' packets may get a tunnel's headers first, which their devices do not show."""
    overlay = OVERLAY_V6 if (rows["ip_version"][outer.row] == 6).any() else OVERLAY_V4
    added = {Role.WIREGUARD: (0,), Role.TUNNEL: (overlay,), Role.PODS: (0, overlay)}[packets.role]
    fits = [_fit(packets, inner, outer, mtu, more, leaves=leaves) for more in added]
    return max(fits, key=lambda one: int((one.sure * one.count).sum()))


def _fit(packets: InnerPackets, inner: Ints, outer: Messages, mtu: int, more: int, *, leaves: bool) -> _Fit:
    length, payload = packets.length[inner] + more, packets.payload[inner]
    segments, parent = cut(length, payload, largest_packet(length, payload, outer.size, mtu))
    sizes, times = units(segments), packets.ts[inner][parent]
    carried, place = _with_holes(outer) if leaves else (message_units(outer.size), np.arange(len(outer)))
    doubtful = _doubtful(outer)[place]
    there = outer.ts[place]
    if leaves:
        partner, sure = align(sizes, times, carried, there, doubtful)
    else:  # what comes in is seen as datagrams first: the same with time turned round
        partner, sure = align(sizes[::-1], -times[::-1], carried[::-1], -there[::-1], doubtful[::-1])
        partner = np.where(partner == ABSENT, ABSENT, len(carried) - 1 - partner)[::-1]
        sure = sure[::-1]
    partner = np.where(partner == ABSENT, ABSENT, place[partner])
    count = np.bincount(parent, minlength=len(inner))
    whole = np.bincount(parent, weights=partner != ABSENT, minlength=len(inner)) == count
    weakest = np.full(len(inner), LIKELY, np.int64)
    np.minimum.at(weakest, parent, sure)
    begins = np.cumsum(count) - count
    return _Fit(np.where(whole, partner[begins], ABSENT), np.where(whole, weakest, 0), np.where(whole, count, 0))


def _with_holes(outer: Messages) -> tuple[Ints, Ints]:
    """Put an element of unknown size where a counter is missing between two messages: a datagram nobody saw.

    Returns the sizes in units, and for each the message it is or (for a hole) the one behind it.
    """
    same = (np.diff(outer.direction) == 0) & (np.diff(outer.counter) > 1) & (np.diff(outer.counter) <= _HOLES)
    missing = np.concatenate([[0], np.where(same, np.diff(outer.counter) - 1, 0)]).astype(np.int64)
    place = np.repeat(np.arange(len(outer)), missing + 1)
    is_hole = np.ones(len(place), np.bool_)
    is_hole[np.cumsum(missing + 1) - 1] = False
    return np.where(is_hole, -1, message_units(outer.size)[place]), place


def _doubtful(outer: Messages) -> Bools:
    """Mark the messages on both sides of missing counters."""
    gap = (np.diff(outer.direction, prepend=ABSENT) == 0) & (np.diff(outer.counter, prepend=0) != 1)
    found: Bools = gap | np.append(gap[1:], False)
    return found


def _note(
    rows: Sightings, ends: Ends, packets: InnerPackets, inner: Ints, outer: Messages, fit: _Fit, result: Bridge,
    way: tuple[int, ...],
) -> None:  # fmt: skip
    row, hit = packets.row[inner], fit.first != ABSENT
    result.outer_of[row[hit]] = outer.row[fit.first[hit]]
    result.sure[row[hit]] = fit.sure[hit]
    result.count[row[hit]] = fit.count[hit]
    missed = row[~hit]
    result.unmatched += missed.tolist()
    node, sender, receiver = way
    inside = (packets.ts[inner] >= outer.ts[0] + USUAL_NS) & (packets.ts[inner] <= outer.ts[-1] - USUAL_NS)
    told = Inner(
        node=ends.name(node),
        sender=ends.name(sender),
        receiver=ends.name(receiver),
        points=tuple(sorted({rows.points[code] for code in np.unique(rows["point"][row]).tolist()})),
        matched=int(hit.sum()),
        unmatched=len(missed),
        edge=int((~hit & ~inside).sum()),
        likely=int((fit.sure == LIKELY).sum()),
        possible=int((fit.sure == POSSIBLE).sum()),
        datagrams=int(fit.count.sum()),
    )
    result.streams.append((sender, receiver, told))
