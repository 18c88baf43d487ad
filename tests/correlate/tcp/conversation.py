"""A TCP conversation by hand, at one or more points, with everything that TCP figures count."""

from __future__ import annotations

from dataclasses import dataclass, field

from captools.correlate.paths.matched import Matched
from captools.correlate.same.byte_runs import byte_runs
from captools.correlate.same.icmp_errors import errors
from captools.correlate.same.lanes import lanes
from captools.correlate.same.match import match
from captools.correlate.same.repeats import repeats
from captools.correlate.sightings import Sightings
from captools.correlate.tcp.segments import Segments, segments
from captools.model.analysis import Analysis
from captures.build import ethernet, ipv4, tcp, timestamps
from tests.correlate.paths.scenes import A_POD, B_POD, WAY, Scene
from tests.correlate.same.wires import ACK, MS, START, SYN, Frames, groups_of, read

A, B, SPORT, DPORT = A_POD, B_POD, 40_000, 80
ALL = tuple(point for point, _ in WAY)  # from A to B
A0, B0 = 1_000, 500_000  # initial sequence numbers
MSS_OPTION = b"\x02\x04\x05\xb4"  # 1460


@dataclass(slots=True)
class Talk:
    """Frames at points. Sequence numbers are counted from the initial ones."""

    points: dict[str, Frames] = field(default_factory=dict)
    sport: int = SPORT
    idents: int = 0

    def a(self, ms: float, *points: str, **what: object) -> None:
        """Let A send a segment, seen at ``points``."""
        self._sent(ms, points, reply=False, **what)  # type: ignore[arg-type]

    def b(self, ms: float, *points: str, **what: object) -> None:
        """Let B send a segment."""
        self._sent(ms, points, reply=True, **what)  # type: ignore[arg-type]

    def _sent(
        self, ms: float, points: tuple[str, ...], *, reply: bool, seq: int = 1, ack: int = 1, size: int = 0, flags: int = ACK,
        window: int = 500, options: bytes = b"", ident: int | None = None, ttl: int = 64,
    ) -> None:  # fmt: skip
        self.idents += 1
        src, dst, sport, dport = (B, A, DPORT, self.sport) if reply else (A, B, self.sport, DPORT)
        shift = (self.sport - SPORT) * 10_000_000
        ours, theirs = (B0 + shift, A0 + shift) if reply else (A0 + shift, B0 + shift)
        inner = tcp(
            b"x" * size, sport=sport, dport=dport, seq=(ours + seq) % 2**32, ack=(theirs + ack) % 2**32 if flags & ACK else 0,
            flags=flags, window=window, options=timestamps(100 + self.idents, 7) + options,
        )  # fmt: skip
        for at, point in enumerate(points):
            packet = ipv4(inner, src=src, dst=dst, proto=6, ttl=ttl - at, ident=ident or self.idents)
            self.points.setdefault(point, []).append((START + round(ms * MS) + at * 10_000, ethernet(packet)))

    def opened(self, *points: str, ms: float = 0, trip_ms: float = 1.0) -> Talk:
        """Open the connection: the SYN-ACK comes 0.4 of the round trip after the SYN at the first point."""
        back = points[::-1]
        self.a(ms, *points, seq=0, flags=SYN, options=MSS_OPTION)
        self.b(ms + 0.4 * trip_ms, *back, seq=0, ack=1, flags=SYN | ACK, options=MSS_OPTION)
        self.a(ms + trip_ms, *points)
        return self

    def analysed(self, **changes: object) -> Analysis:
        """Return the whole analysis, between the two pods of tests.correlate.paths.scenes; points are ``node__interface``."""
        return Scene(self.points).analysed(**changes)  # type: ignore[arg-type]

    def rows(self) -> Sightings:
        return read(self.points)

    def known(self) -> Matched:
        """Return what correlation knows before it looks at TCP."""
        rows = self.rows()
        matches, groups = match(rows), groups_of(rows)
        lane = lanes(rows, groups)
        return Matched(
            rows=rows, matches=matches, groups=groups, errors=errors(rows, groups), lane=lane,
            runs=byte_runs(rows, lane), repeated=repeats(rows, lane), outer_of=lane, clocks=None,  # type: ignore[arg-type]
        )  # fmt: skip

    def segments(self) -> Segments:
        known = self.known()
        found = segments(known.rows, known.lane, known.matches.ids, known.repeated)
        assert found is not None
        return found
