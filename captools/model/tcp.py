"""TCP figures: what each connection looked like at each point, one row per way, made from columns.

``Analysis.tcp.connections`` are objects for people and rules; ``Analysis.tcp.table`` are the same figures as columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from captools.model.evidence import Evidence
from captools.model.paths import Way

# One row per connection, way and point, sorted by these three. A point that shows a packet more than once (``any`` on a
# router, a second tap) counts it once. Lengths are those of the headers, whatever was captured of the packet.
TCP_STREAMS = pa.schema(
    [
        ("path", pa.int64()),  # index into Analysis.paths: the flow, its names, its losses
        ("reply", pa.bool_()),  # False: the originator's packets
        ("point", pa.string()),
        ("packets", pa.int64()),  # all TCP packets
        ("wire_bytes", pa.int64()),  # of their frames, tunnel and Ethernet headers included
        ("segments", pa.int64()),  # those that carry bytes, SYN or FIN; keepalives are none
        ("payload_bytes", pa.int64()),  # all bytes carried, those sent again too
        ("delivered_bytes", pa.int64()),  # different bytes: the share of the stream that came by here
        ("retransmitted_segments", pa.int64()),  # that carry what came by here before
        ("retransmitted_bytes", pa.int64()),
        ("recovered_segments", pa.int64()),  # that fill a hole too late to be overtaken only: sent again, lost before
        ("reordered_segments", pa.int64()),  # that others overtook
        ("duplicate_acks", pa.int64()),  # bare acknowledgments of the same byte again, which ask for what is missing
        ("zero_windows", pa.int64()),  # the sender of these takes nothing more for now
        ("keepalives", pa.int64()),
        ("mss", pa.uint16()),  # as the SYN announces it: the most that this side takes; null where none was seen
        ("largest_payload", pa.int64()),  # bytes of payload of the largest segment; a super-frame has more than the MSS
        ("largest_packet", pa.int64()),  # bytes of the largest (inner) IP packet
        ("syns", pa.int64()),  # more than one: the handshake waited
        ("first_ns", pa.int64()),
        ("last_ns", pa.int64()),
        ("data_first_ns", pa.int64()),  # first and last payload; null where there was none
        ("data_last_ns", pa.int64()),
        # Time from the SYN to the SYN-ACK at this point (the way there), from the SYN-ACK to the handshake's ACK (the way
        # back): their sum is the handshake's round trip. Null where a part was not seen, or was sent twice (RFC 6298, 3).
        ("handshake_ns", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpStream:
    """One way of one connection at one point: a row of TCP_STREAMS, whose comments say what the numbers count."""

    path: int
    way: Way
    point: str
    packets: int
    wire_bytes: int
    segments: int
    payload_bytes: int
    delivered_bytes: int
    retransmitted_segments: int
    retransmitted_bytes: int
    recovered_segments: int
    reordered_segments: int
    duplicate_acks: int
    zero_windows: int
    keepalives: int
    mss: int | None
    largest_payload: int
    largest_packet: int
    syns: int
    first_ns: int
    last_ns: int
    data_first_ns: int | None
    data_last_ns: int | None
    handshake_ns: int | None

    @property
    def resent(self) -> int:
        """Segments sent again as far as this point can tell: seen twice here, or filling a hole late."""
        return self.retransmitted_segments + self.recovered_segments

    @property
    def resent_share(self) -> float:
        """The share of all segments that were sent again, from 0 to 1."""
        return self.resent / self.segments if self.segments else 0.0

    @property
    def data_ns(self) -> int | None:
        """The time from the first payload to the last; None where there was none, or only one."""
        if self.data_first_ns is None or self.data_last_ns is None or self.data_last_ns == self.data_first_ns:
            return None
        return self.data_last_ns - self.data_first_ns

    @property
    def bits_per_s(self) -> float | None:
        """Delivered bits per second while payload flowed; None where it did not for any time."""
        lasted = self.data_ns
        return None if lasted is None else self.delivered_bytes * 8e9 / lasted


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpConnection:
    """One connection: its streams at all points. ``path`` is its index in Analysis.paths."""

    path: int
    streams: tuple[TcpStream, ...]

    def at(self, point: str, way: Way) -> TcpStream | None:
        """Return what one point saw of one way."""
        return next((one for one in self.streams if one.point == point and one.way is way), None)

    def of(self, way: Way) -> tuple[TcpStream, ...]:
        """Return what the points saw of one way, by name of the point."""
        return tuple(one for one in self.streams if one.way is way)

    def worst(self, way: Way) -> TcpStream | None:
        """Return the stream that shows the most segments sent again: the one nearest to the sender misses none.

        What was lost before a point looks new behind it, so points do not add up.
        """
        return max(self.of(way), key=lambda one: (one.resent, one.segments), default=None)

    def handshake_ns(self, point: str) -> int | None:
        """Return the handshake's round trip as ``point`` saw it, there and back; None where a part of it is missing."""
        parts = [one.handshake_ns if one else None for one in (self.at(point, Way.FORWARD), self.at(point, Way.REPLY))]
        return None if parts[0] is None or parts[1] is None else parts[0] + parts[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """Bytes of one way that were sent again and again and never acknowledged, though the other side was there before.

    ``point`` is where they were counted: ``copies`` of the first of these bytes, from ``first_ns`` to ``last_ns``;
    ``keepalive`` where these are keepalives that nobody answered.

    ``furthest``: the last point of the way at which a copy was seen, ``missed``: the next one on the way of other packets
    ("" where there is none), ``blind``: why that may only not have shown them, ``uncounted``: the only reason is that its
    capture tool left no counts.

    ``smallest_lost`` and ``largest_passed`` are bytes of IP packets: of the smallest copy, and of the largest packet of
    this way that arrived (it was acknowledged, or seen at the last point of the way); 0 where none is known to have.
    ``passed_after``: packets that arrived after the first copy had been sent; ``peer_after``: packets of the other side
    after it. ``given_up``: the sender's reset behind the last copy; ``ended``: the other side's. ``for_its_size``: all that
    was lost is larger than all that arrived, and nothing as large of others went through there. ``proof`` shows the copies,
    ``small_proof`` what arrived after the first of them.
    """

    path: int
    way: Way
    point: str
    copies: int
    payload_bytes: int
    first_ns: int
    last_ns: int
    smallest_lost: int
    largest_passed: int
    passed_after: int
    peer_after: int
    furthest: str = ""
    missed: str = ""
    blind: str = ""
    uncounted: bool = False
    keepalive: bool = False
    given_up: bool = False
    ended: bool = False
    for_its_size: bool = False
    proof: tuple[Evidence, ...] = ()
    small_proof: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Tcp:
    """All TCP figures of a session."""

    table: pa.Table = field(default_factory=TCP_STREAMS.empty_table)  # schema TCP_STREAMS
    stuck: tuple[Stuck, ...] = ()

    # frames of what a stream sent again, made when it is asked for
    resent_proof: Callable[[TcpStream], tuple[Evidence, ...]] = field(
        default=lambda _stream: (), compare=False, repr=False
    )

    @cached_property
    def connections(self) -> tuple[TcpConnection, ...]:
        """The connections, in the order of Analysis.paths."""
        return _connections(self.table)

    def suspects(self, resent: int) -> tuple[TcpConnection, ...]:
        """Return the connections with a stream that sent at least so many segments again."""
        again = pc.add(self.table["retransmitted_segments"], self.table["recovered_segments"])
        paths = pc.unique(self.table.filter(pc.greater_equal(again, resent))["path"])
        return _connections(self.table.filter(pc.is_in(self.table["path"], paths)))

    def connection(self, path: int) -> TcpConnection | None:
        """Return the connection of ``Analysis.paths[path]``; None where that is no TCP."""
        return self._by_path.get(path)

    def stuck_at(self, path: int, way: Way) -> Stuck | None:
        """Return what is stuck of one way of ``Analysis.paths[path]``; None where nothing is."""
        return self._by_way.get((path, way))

    @cached_property
    def _by_way(self) -> dict[tuple[int, Way], Stuck]:
        return {(one.path, one.way): one for one in self.stuck}

    @cached_property
    def _by_path(self) -> dict[int, TcpConnection]:
        return {one.path: one for one in self.connections}


def _connections(table: pa.Table) -> tuple[TcpConnection, ...]:
    found: dict[int, list[TcpStream]] = {}
    for row in table.to_pylist():
        found.setdefault(row["path"], []).append(stream(row))
    return tuple(TcpConnection(path=path, streams=tuple(streams)) for path, streams in found.items())


def stream(row: dict[str, Any]) -> TcpStream:
    """Return a row of the table as an object."""
    rest = {name: value for name, value in row.items() if name != "reply"}
    return TcpStream(way=Way.REPLY if row["reply"] else Way.FORWARD, **rest)
