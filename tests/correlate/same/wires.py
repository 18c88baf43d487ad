"""Packets as points see them: what the tests of this room are built from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from captools.correlate.same.flows import Connection, connections
from captools.correlate.same.match import Matches, match
from captools.correlate.same.nat import join_translated
from captools.correlate.sightings import ABSENT, Sightings, sightings
from captures.build import ethernet, ipv4, pcap, tcp, timestamps
from tests.wire.conftest import decode_table

US, MS, SECOND = 1_000, 1_000_000, 1_000_000_000
START = 1_700_000_000 * SECOND
SYN, ACK, FIN, RST, PSH = 2, 0x10, 1, 4, 8
Frames = list[tuple[int, bytes]]


@dataclass(frozen=True)
class Segment:
    """A TCP segment on its way: ``seen`` gives it as a frame; ``tsval`` None is without timestamps."""

    src: str = "172.20.0.88"
    sport: int = 40000
    dst: str = "172.20.2.33"
    dport: int = 80
    seq: int = 951_063_534
    ack: int = 3_185_500_484
    flags: int = PSH | ACK
    payload: bytes = b""
    ttl: int = 64
    ident: int = 1
    tsval: int | None = 3_355_448_797

    def but(self, **changes: object) -> Segment:
        """Return the segment with some fields changed, as a router or NAT does."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def packet(self) -> bytes:
        """Return the IP packet."""
        options = b"" if self.tsval is None else timestamps(self.tsval, 7)
        segment = tcp(
            self.payload, sport=self.sport, dport=self.dport, seq=self.seq % 2**32, ack=self.ack, flags=self.flags,
            options=options,
        )  # fmt: skip
        total = 20 + len(segment)
        return ipv4(segment, src=self.src, dst=self.dst, proto=6, ttl=self.ttl, ident=self.ident % 65536,
                    total=None if total < 65536 else 0)  # fmt: skip

    def at(self, ns: int) -> tuple[int, bytes]:
        """Return the segment as a frame seen ``ns`` after the start."""
        return START + ns, ethernet(self.packet())


def read(points: dict[str, Frames]) -> Sightings:
    """Return the sightings of frames at points (frames in order of time)."""
    return sightings(decode_table({point: pcap(sorted(frames)) for point, frames in points.items()}))


def groups_of(rows: Sightings, matches: Matches | None = None) -> list[tuple[Connection, ...]]:
    """Return the conversations of ``rows``."""
    return join_translated(rows, connections(rows, matches or match(rows)))


def partition(rows: Sightings, matches: Matches) -> set[frozenset[tuple[str, str, int]]]:
    """Return the packets as sets of (source, point, frame)."""
    found: dict[int, set[tuple[str, str, int]]] = {}
    for row, number in enumerate(matches.ids.tolist()):
        if number != ABSENT:
            source = rows.sources[int(rows["source"][row])]
            found.setdefault(number, set()).add((source, rows.point(row), int(rows["frame"][row])))
    return {frozenset(one) for one in found.values()}
