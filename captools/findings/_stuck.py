"""Bytes that never got through: where they were lost, and whether their size is what they have in common.

Shared by mtu-black-hole (only large ones are lost), lost-between-points (all are, from some time on) and
retransmissions (the points do not tell where).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow.compute as pc

from captools.model.analysis import Analysis
from captools.model.paths import Path, Way
from captools.model.tcp import Stuck

# No link that carries IPv6 takes less (RFC 8200, section 5), and tunnels take a few dozen bytes of 1,500: what is smaller
# than this does not vanish for its size.
SMALLEST_MTU = 1280


@dataclass(frozen=True, slots=True)
class Trouble:
    """Stuck bytes of one path."""

    path: Path
    stuck: Stuck

    @property
    def sender(self) -> str:
        """The address that sent the bytes, as the originator knows it."""
        return self.path.flow.src if self.stuck.way is Way.FORWARD else self.path.flow.dst

    @property
    def receiver(self) -> str:
        """The address that they were for."""
        return self.path.flow.dst if self.stuck.way is Way.FORWARD else self.path.flow.src

    @property
    def ports(self) -> tuple[int | None, int | None]:
        """The ports of sender and receiver."""
        flow = self.path.flow
        return (flow.sport, flow.dport) if self.stuck.way is Way.FORWARD else (flow.dport, flow.sport)


def troubles(analysis: Analysis) -> Iterator[Trouble]:
    """Yield what is stuck."""
    for stuck in analysis.tcp.stuck:
        yield Trouble(analysis.paths[stuck.path], stuck)


def for_their_size(analysis: Analysis, one: Trouble) -> bool:
    """Tell whether all that was lost is larger than all that arrived, and large enough for a link to refuse it."""
    stuck = one.stuck
    if stuck.keepalive or not stuck.payload_bytes or not 0 < stuck.largest_passed < stuck.smallest_lost:
        return False
    return stuck.smallest_lost > SMALLEST_MTU and not _larger_ones_passed(analysis, one)


def _larger_ones_passed(analysis: Analysis, one: Trouble) -> bool:
    """Tell whether another connection between the same places had packets as large go through: then size is not it.

    Of a super-frame nobody knows in which pieces it came.
    """
    stuck, table = one.stuck, analysis.tcp.table
    large = pc.and_(
        pc.greater_equal(table["largest_packet"], stuck.smallest_lost), pc.not_equal(table["path"], stuck.path)
    )
    for row in table.filter(large).select(["path", "reply", "point", "largest_payload", "delivered_bytes"]).to_pylist():
        path, way = analysis.paths[row["path"]], Way.REPLY if row["reply"] else Way.FORWARD
        if _in_pieces(analysis, row["path"], way, row["largest_payload"]) or not row["delivered_bytes"]:
            continue
        if stuck.missed and row["point"] == stuck.missed and _crosses(path, way, stuck):
            return True
        ends = (path.flow.src, path.flow.dst) if way is Way.FORWARD else (path.flow.dst, path.flow.src)
        if not stuck.missed and ends == (one.sender, one.receiver) and not _is_stuck(analysis, row["path"], way):
            return True
    return False


def _in_pieces(analysis: Analysis, path: int, way: Way, payload: int) -> bool:
    connection = analysis.tcp.connection(path)
    back = Way.FORWARD if way is Way.REPLY else Way.REPLY
    told = [other.mss for other in connection.of(back) if other.mss] if connection else []
    return not told or payload > max(told)


def _crosses(path: Path, way: Way, stuck: Stuck) -> bool:
    """Tell whether a way of a path comes by both points around a loss, in that order."""
    points = [hop.point for hop in path.ways(way)]
    return stuck.furthest in points and stuck.missed in points[points.index(stuck.furthest) + 1 :]


def _is_stuck(analysis: Analysis, path: int, way: Way) -> bool:
    return any(other.path == path and other.way is way for other in analysis.tcp.stuck)
