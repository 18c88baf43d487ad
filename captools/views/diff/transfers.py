"""What TCP made of a conversation: throughput, segment sizes, segments sent again, bytes on the wire, round trips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from captools.model.analysis import Analysis
from captools.model.paths import Way
from captools.model.points import Role, role_of
from captools.model.tcp import TcpConnection, TcpStream
from captools.views.diff.conversations import Conversation
from captools.views.diff.measure import Measure, of_exact, of_samples, of_shares

# Less comes in one or two round trips, and its rate is that of the first window.
TRANSFER_BYTES = 16_384
ACKNOWLEDGMENTS = 0.01  # how many there are varies with timing: a smaller share of all bytes is no difference
ALIKE = 1.1  # the largest factor between amounts delivered, of which the bytes around them are compared
_WORDS = {Way.FORWARD: "sent", Way.REPLY: "fetched"}


@dataclass(frozen=True, slots=True)
class _Load:
    """What carried a conversation at one point (see captools.model.carried)."""

    frames: int
    packets: int
    wire_bytes: int
    packet_bytes: int


def transfers(a: Conversation, b: Conversation) -> list[Measure]:
    """Return the measures of a conversation over TCP, at places that both sessions have; none where there are none."""
    ours, theirs = _connections(a), _connections(b)
    shared = _places(ours) & _places(theirs)
    ours, theirs = _at(ours, shared), _at(theirs, shared)
    if not ours or not theirs:
        return []
    measures: list[Measure] = []
    for way in Way:
        measures += _transfer(ours, theirs, way)
    return [
        *measures,
        of_exact("MSS announced, least", "B", _least_mss(ours), _least_mss(theirs)),
        of_shares("segments sent again", _resent(ours), _resent(theirs)),
        *_handshakes(a, b, ours, theirs),
        *_on_the_wire(a, b, ours, theirs),
    ]


def _connections(one: Conversation) -> list[TcpConnection]:
    """Return the connections of a conversation, their points by the names of places."""
    found = [one.analysis.tcp.connection(index) for index, _ in one.flows]
    return [
        replace(held, streams=tuple(replace(stream, point=one.place(stream.point)) for stream in held.streams))
        for held in found
        if held is not None
    ]


def _places(side: Sequence[TcpConnection]) -> set[str]:
    return {stream.point for one in side for stream in one.streams}


def _at(side: Sequence[TcpConnection], places: set[str]) -> list[TcpConnection]:
    """Return what some places show of connections: what another point shows (super-frames) does not compare."""
    cut = [replace(one, streams=tuple(stream for stream in one.streams if stream.point in places)) for one in side]
    return [one for one in cut if one.streams]


def _transfer(ours: Sequence[TcpConnection], theirs: Sequence[TcpConnection], way: Way) -> Iterator[Measure]:
    sides = [[one for one in side if _last(one, way) is not None] for side in (ours, theirs)]
    if not any(sides):
        return
    rates = [[rate for rate in (_rate(one, way) for one in side) if rate is not None] for side in sides]
    yield of_samples(f"throughput, {_WORDS[way]}", "bit/s", *rates, noun="transfer")
    sizes = [max((_segment(one, way) for one in side), default=None) for side in sides]
    yield of_exact(f"largest segment, {_WORDS[way]}", "B", *sizes)


def _rate(one: TcpConnection, way: Way) -> float | None:
    last = _last(one, way)
    return last.bits_per_s if last else None


def _segment(one: TcpConnection, way: Way) -> int:
    """Return the largest segment that crossed the wire: where a point shows super-frames, another one shows what they became."""
    return min(stream.largest_payload for stream in one.of(way))


def _last(one: TcpConnection, way: Way) -> TcpStream | None:
    """Return the stream as the point that saw the last of it shows it, if it is a transfer: the receiver's."""
    full = max((stream.delivered_bytes for stream in one.of(way)), default=0)
    if full < TRANSFER_BYTES:
        return None
    whole = [stream for stream in one.of(way) if stream.delivered_bytes == full and stream.data_first_ns is not None]
    return max(whole, key=lambda stream: stream.data_first_ns or 0, default=None)


def _least_mss(side: Sequence[TcpConnection]) -> float | None:
    return min((stream.mss for one in side for stream in one.streams if stream.mss is not None), default=None)


def _resent(side: Sequence[TcpConnection]) -> tuple[int, int]:
    worst = [stream for one in side for stream in (one.worst(way) for way in Way) if stream is not None]
    return sum(one.resent for one in worst), sum(one.segments for one in worst)


def _handshakes(
    a: Conversation, b: Conversation, ours: Sequence[TcpConnection], theirs: Sequence[TcpConnection]
) -> Iterator[Measure]:
    """Compare the handshakes as the place nearest to the client saw them."""
    trips = [_trips(side) for side in (ours, theirs)]
    order = [one.place(hop.point) for one in (a, b) for path in one.paths for hop in path.ways(Way.FORWARD)]
    where = next((place for place in order if place in trips[0] and place in trips[1]), None)
    if where is not None:
        yield of_samples(f"handshake at {where}", "ns", trips[0][where], trips[1][where], noun="handshake")


def _trips(side: Sequence[TcpConnection]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for one in side:
        for point in dict.fromkeys(stream.point for stream in one.streams):
            trip = one.handshake_ns(point)
            if trip is not None:
                found.setdefault(point, []).append(trip)
    return found


def _on_the_wire(
    a: Conversation, b: Conversation, ours: Sequence[TcpConnection], theirs: Sequence[TcpConnection]
) -> Iterator[Measure]:
    """Compare what crossed a card that both sessions saw: all frames both ways, whatever they were wrapped in."""
    sides = [[one for one in side if any(_last(one, way) for way in Way)] for side in (ours, theirs)]
    what = "of transfers, " if all(sides) else ""
    ours, theirs = sides if all(sides) else (ours, theirs)
    loads = _loads(a, ours), _loads(b, theirs)
    where = next((point for point in loads[0] if point in loads[1]), None)
    if where is None:
        return
    one, other = loads[0][where], loads[1][where]
    delivered = _delivered(ours), _delivered(theirs)
    if all(sides) or _alike(delivered[0] / len(ours), delivered[1] / len(theirs)):
        costs = one.wire_bytes / delivered[0], other.wire_bytes / delivered[1]
        name = f"bytes on the wire per byte delivered, {what}at {where}"
        yield of_exact(name, "ratio", *costs, small=ACKNOWLEDGMENTS)
    if one.frames == one.packets and other.frames == other.packets:
        around = [(load.wire_bytes - load.packet_bytes) / load.frames for load in (one, other)]
        yield of_exact(f"headers around each packet, {what}at {where}", "B", *around)


def _alike(a: float, b: float) -> bool:
    """Tell whether two small amounts compare: of little headers are most, and with more of it their share shrinks."""
    return min(a, b) > 0 and max(a, b) <= ALIKE * min(a, b)


def _loads(whole: Conversation, side: Sequence[TcpConnection]) -> dict[str, _Load]:
    """Return by card what carried some of its connections there, in the order in which their packets come by."""
    analysis, indices = whole.analysis, [one.path for one in side]
    table = analysis.carried
    rows = table.filter(pc.is_in(table["path"], pa.array(indices, pa.int64()))).to_pylist()
    order = [hop.point for index in indices for hop in analysis.paths[index].hops]
    found: dict[str, _Load] = {}
    for point in dict.fromkeys([*order, *(row["point"] for row in rows)]):
        here = [row for row in rows if row["point"] == point]
        sums = [sum(row[name] for row in here) for name in ("frames", "packets", "wire_bytes", "packet_bytes")]
        found[point] = _Load(*sums)
    # A card that does not show all packets (lost before it, or in datagrams that nobody could match) tells no cost.
    most = max((load.packets for load in found.values()), default=0)
    return {
        whole.place(point): load
        for point, load in found.items()
        if load.packets == most and most and _is_card(analysis, point)
    }


def _is_card(analysis: Analysis, point: str) -> bool:
    """Tell whether a point is a node's card, or a loose file: nobody knows better."""
    name, slash, interface = point.partition("/")
    if not slash:
        return True
    node = analysis.cluster.node(name)
    link = node.link(interface) if node else None
    return role_of(interface, link.kind if link else "") is Role.NIC


def _delivered(side: Sequence[TcpConnection]) -> int:
    return sum(max((stream.delivered_bytes for stream in one.of(way)), default=0) for one in side for way in Way)
