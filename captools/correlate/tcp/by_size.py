"""By size: what got stuck because it is too large, judged against the largest packets that did get through at the same place.

Each place is looked at once, however many connections are stuck there: a black hole has hundreds of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from captools.model.paths import Path, Way
from captools.model.tcp import Stuck

# No link that carries IPv6 takes less (RFC 8200, section 5), and tunnels take a few dozen bytes of 1,500: what is smaller
# than this does not vanish for its size.
SMALLEST_MTU = 1280
_Place = tuple[str, str]  # the points around a loss, or else sender and receiver
_Sized = tuple[int, int]  # bytes of the largest packet that a path got through, and the path


def by_size(stuck: Sequence[Stuck], table: pa.Table, paths: Sequence[Path]) -> tuple[Stuck, ...]:
    """Return ``stuck``, those marked of which size is the reason; ``table`` has the schema TCP_STREAMS."""
    least = min((one.smallest_lost for one in stuck if _large(one)), default=0)
    if not least:
        return tuple(stuck)
    passed = _Passed(list(_whole(table, least)), paths, frozenset((one.path, one.way) for one in stuck))
    return tuple(replace(one, for_its_size=_large(one) and not passed.as_large_as(one)) for one in stuck)


def _large(one: Stuck) -> bool:
    """Tell whether all that was lost is larger than all that arrived, and large enough for a link to refuse it."""
    if one.keepalive or not one.payload_bytes or not 0 < one.largest_passed < one.smallest_lost:
        return False
    return one.smallest_lost > SMALLEST_MTU


@dataclass(frozen=True, slots=True)
class _Stream:
    path: int
    way: Way
    point: str
    largest: int  # bytes of its largest packet


def _whole(table: pa.Table, least: int) -> Iterator[_Stream]:
    """Yield the streams with a packet of ``least`` bytes that was acknowledged or seen by a receiver, as one packet.

    Of a super-frame nobody knows in which pieces it came: it is larger than what the other side announced to take.
    """
    known = table.filter(pc.is_valid(table["mss"])).select(["path", "reply", "mss"])
    limits: dict[tuple[int, bool], int] = {}
    for path, reply, mss in zip(*(column.to_pylist() for column in known.columns), strict=True):
        limits[path, not reply] = max(mss, limits.get((path, not reply), 0))
    some = table.filter(
        pc.and_(pc.greater_equal(table["largest_packet"], least), pc.greater(table["delivered_bytes"], 0))
    )
    names = ("path", "reply", "point", "largest_packet", "largest_payload")
    for path, reply, point, largest, payload in zip(*(some[name].to_pylist() for name in names), strict=True):
        if payload <= limits.get((path, reply), -1):
            yield _Stream(path, Way.REPLY if reply else Way.FORWARD, point, largest)


@dataclass(frozen=True)
class _Passed:
    """Knows the largest packets that got through at a place; ``stuck`` are the ways that do not count for their two ends."""

    streams: list[_Stream]
    paths: Sequence[Path]
    stuck: frozenset[tuple[int, Way]]
    _at: dict[_Place, list[_Sized]] = field(default_factory=dict)

    def as_large_as(self, one: Stuck) -> bool:
        """Tell whether another connection had packets as large go through at the same place: then size is not it."""
        sized = (
            self._around(one.furthest, one.missed)
            if one.missed
            else self._between.get(self._ends(one.path, one.way), [])
        )
        return any(path != one.path and size >= one.smallest_lost for size, path in sized)

    def _around(self, furthest: str, missed: str) -> list[_Sized]:
        """Return what came by both points around a loss, in that order."""
        if (furthest, missed) not in self._at:
            found = [one for one in self.streams if one.point == missed and self._crosses(one, furthest, missed)]
            self._at[furthest, missed] = _largest_two((one.largest, one.path) for one in found)
        return self._at[furthest, missed]

    def _crosses(self, one: _Stream, furthest: str, missed: str) -> bool:
        points = [hop.point for hop in self.paths[one.path].ways(one.way)]
        return furthest in points and missed in points[points.index(furthest) + 1 :]

    @cached_property
    def _between(self) -> dict[_Place, list[_Sized]]:
        """What senders got through to receivers, by the addresses of both."""
        groups: dict[_Place, list[_Sized]] = defaultdict(list)
        for one in self.streams:
            if (one.path, one.way) not in self.stuck:
                groups[self._ends(one.path, one.way)].append((one.largest, one.path))
        return {ends: _largest_two(sized) for ends, sized in groups.items()}

    def _ends(self, path: int, way: Way) -> _Place:
        """Return the sender and the receiver of a way."""
        flow = self.paths[path].flow
        return (flow.src, flow.dst) if way is Way.FORWARD else (flow.dst, flow.src)


def _largest_two(sized: Iterable[_Sized]) -> list[_Sized]:
    """Return the largest packets of two different paths: one of them is another one than whatever is asked about."""
    best: dict[int, int] = {}
    for size, path in sized:
        best[path] = max(size, best.get(path, 0))
    return sorted(((size, path) for path, size in best.items()), reverse=True)[:2]
