"""What TCP itself tells of one connection: handshake, MSS, bytes each way, segments sent again."""

from __future__ import annotations

from captools.model.analysis import Analysis
from captools.model.paths import Path, Way
from captools.model.tcp import TcpConnection, TcpStream
from captools.model.units import duration

_WORDS = {Way.FORWARD: "sent", Way.REPLY: "fetched"}


def tcp_words(analysis: Analysis, path: Path) -> list[str]:
    """Return one sentence on the connection's beginning and one for each way that carried bytes; none for other protocols."""
    index = next((number for number, one in enumerate(analysis.paths) if one is path), None)
    connection = analysis.tcp.connection(index) if index is not None else None
    if connection is None:
        return []
    begin = [_handshake(connection, path), _mss(connection)]
    lines = [", ".join(word for word in begin if word)] if any(begin) else []
    return [*lines, *(_carried(connection, way) for way in Way if _most(connection, way))]


def _handshake(connection: TcpConnection, path: Path) -> str:
    """Tell the round trip of the handshake as the point nearest to the client saw it."""
    for point in dict.fromkeys(hop.point for hop in path.ways(Way.FORWARD)):
        trip = connection.handshake_ns(point)
        if trip is not None:
            return f"handshake in {duration(trip)} (seen at {point})"
    return ""


def _mss(connection: TcpConnection) -> str:
    told = [max((stream.mss for stream in connection.of(way) if stream.mss is not None), default=None) for way in Way]
    if told == [None, None]:
        return ""
    sides = zip(("client", "server"), told, strict=True)
    return "MSS " + " and ".join(f"{mss:,} bytes ({side})" for side, mss in sides if mss is not None)


def _most(connection: TcpConnection, way: Way) -> TcpStream | None:
    """Return the stream that shows the most of a way, None where it carried nothing."""
    best = max(connection.of(way), key=lambda one: one.delivered_bytes, default=None)
    return best if best and best.delivered_bytes else None


def _carried(connection: TcpConnection, way: Way) -> str:
    best, worst = _most(connection, way), connection.worst(way)
    assert best is not None and worst is not None
    largest = min(stream.largest_payload for stream in connection.of(way) if stream.largest_payload)
    again = (
        f", {worst.resent:,} of {worst.segments:,} segments sent again (seen at {worst.point})" if worst.resent else ""
    )
    lasted = f" in {duration(best.data_ns)}" if best.data_ns else ""
    return f"{best.delivered_bytes:,} bytes {_WORDS[way]}{lasted}, at most {largest:,} in a segment{again}"
