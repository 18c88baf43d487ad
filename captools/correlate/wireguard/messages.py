"""Messages: every WireGuard data message that was seen on a link between nodes, as columns.

A datagram normally is one message. Senders that leave cutting to the card hand it several of one size in one frame
(UDP GSO), whose counters rise by one; each of them becomes a message here, so that both forms compare.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.correlate.wireguard.ends import Bools, Ends
from captools.wire.wireguard import DATA, KEEPALIVE

HEADER = KEEPALIVE  # what a data message adds to its plaintext: 16 bytes of header, 16 of authentication tag


@dataclass(frozen=True, slots=True)
class Messages:
    """Data messages, one element each, in the order of the packet table. ``size`` is ABSENT where it is not known.

    ``direction`` numbers the directions of sessions, by receiver index and, where the inventory knows it, by receiver: the
    index is 32 random bits, which hold over address translation on the way. ``node`` is the place of the point's node.
    """

    row: Ints
    ts: Ints
    point: Ints
    node: Ints
    sender: Ints
    receiver: Ints
    index: Ints
    counter: Ints
    size: Ints
    ttl: Ints
    direction: Ints

    def __len__(self) -> int:
        return len(self.row)

    def take(self, keep: Ints | Bools) -> Messages:
        """Return some of the messages."""
        return Messages(*(getattr(self, one.name)[keep] for one in fields(self)))

    def keepalive(self) -> Bools:
        """Tell which messages are empty."""
        empty: Bools = self.size == KEEPALIVE
        return empty


def messages(rows: Sightings, ends: Ends, points: Bools) -> Messages:
    """Return the data messages at the points that ``points`` (by point code) selects."""
    row = np.flatnonzero((rows["wg_type"] == DATA) & points[rows["point"]]) if len(rows) else np.empty(0, np.int64)
    sender, receiver = ends.of_datagrams(rows["src"][row]), ends.of_datagrams(rows["dst"][row])
    places = np.array([ends.place(point.partition("/")[0]) if "/" in point else ABSENT for point in rows.points] or [0])
    count = np.maximum(rows["wg_messages"][row], 1)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    length, several = np.repeat(rows["payload_len"][row], count), np.repeat(count, count) > 1
    index = rows["wg_receiver"][row]
    return Messages(
        row=np.repeat(row, count),
        ts=np.repeat(rows["ts_ns"][row], count),
        point=np.repeat(rows["point"][row], count),
        node=np.repeat(places[rows["point"][row]], count),
        sender=np.repeat(sender, count),
        receiver=np.repeat(receiver, count),
        index=np.repeat(index, count),
        counter=np.repeat(rows["wg_counter"][row], count) + within,
        size=np.where(several, ABSENT, length),
        ttl=np.repeat(rows["ttl"][row], count),
        direction=np.repeat(number(index, ends.inventoried(receiver)), count),
    )


def number(*columns: Ints) -> Ints:
    """Number the different combinations of values, from 0 in their sorted order."""
    codes: Ints = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        _, one = np.unique(column, return_inverse=True)
        _, codes = np.unique(codes * (int(one.max(initial=0)) + 1) + one.reshape(-1), return_inverse=True)
        codes = codes.reshape(-1).astype(np.int64)
    return codes


def groups(*columns: Ints) -> Iterator[tuple[tuple[int, ...], Ints]]:
    """Yield each different combination of values with the places where it stands, in their order."""
    if not len(columns[0]):
        return
    key = number(*columns)
    order = np.argsort(key, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
        yield tuple(int(column[part[0]]) for column in columns), part
