"""ARP on one segment by hand: who asks, who answers, and every captured point that hears it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from captools.correlate.analyse import analyse, point_roles
from captools.correlate.arp.frames import ArpFrames, arp_frames
from captools.correlate.evidence import Prover
from captools.correlate.paths.coverage import Coverage
from captools.correlate.sightings import Sightings, sightings
from captools.model.analysis import Analysis
from captools.model.arp import Resolution
from captools.model.cluster import Cluster, Link, Node, Route, Service
from captools.model.packets import HTTP
from captools.model.session import ToolCounts
from captools.model.sources import Source
from captures.build import arp, ethernet, ipv4, pcap, tcp
from tests.wire.conftest import decode_table

MS, START = 1_000_000, 1_700_000_000_000_000_000
VIP, SECOND_VIP = "192.168.10.211", "192.168.10.212"
ROUTER, A, B = "router", "k8s-ctr", "k8s-w1"
ADDRESSES = {ROUTER: "192.168.10.200", A: "192.168.10.100", B: "192.168.10.101"}
MACS = {ROUTER: "02:00:00:00:02:00", A: "02:00:00:00:01:00", B: "02:00:00:00:01:01"}
EVERYBODY, NOBODY = "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"
POINTS = tuple(f"{name}/eth1" for name in MACS)
SYN, ACK, PUSH, RST = 0x02, 0x10, 0x18, 0x04


def node(name: str, **changes: Any) -> Node:
    """One machine of the segment as its own ``ip`` prints it."""
    known = Node(
        name=name, internal_ip=ADDRESSES[name], in_cluster=name != ROUTER,
        links=(Link(index=2, name="eth1", mac=MACS[name], addresses=(ADDRESSES[name],)),),
        routes=(Route(prefix="192.168.10.0/24", dev="eth1", src=ADDRESSES[name]),),
    )  # fmt: skip
    return replace(known, **changes)


SHOP = Service(namespace="default", name="shop", vips=(VIP,), ports=((80, 80),))
CLUSTER = Cluster(nodes=tuple(map(node, MACS)), services=(SHOP,))
NO_FACTS = Cluster()


@dataclass
class Segment:
    """Frames by point. Broadcast is heard at all of ``points``, the rest at the two ends' own."""

    points: tuple[str, ...] = POINTS
    macs: dict[str, str] = field(default_factory=lambda: dict(MACS))
    frames: dict[str, list[tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(list))

    def _put(self, ms: float, frame: bytes, names: Iterable[str] | None = None) -> Segment:
        """Let a frame be heard, 5 µs later at each further point."""
        wanted = self.points if names is None else [f"{name}/eth1" for name in names]
        for late, point in enumerate(point for point in wanted if point in self.points):
            self.frames[point].append((START + round(ms * MS) + late * 5_000, frame))
        return self

    def ask(self, ms: float, by: str = ROUTER, target: str = VIP, *, to: str = "") -> Segment:
        """A question to everybody, or to one machine alone."""
        body = arp(op=1, sender=ADDRESSES[by], target=target, sender_mac=self.macs[by])
        frame = ethernet(body, kind=0x0806, src=self.macs[by], dst=self.macs[to] if to else EVERYBODY)
        return self._put(ms, frame, (by, to) if to else None)

    def answer(self, ms: float, by: str, to: str = ROUTER, target: str = VIP, *, mac: str = "") -> Segment:
        """A reply to one machine."""
        own = mac or self.macs[by]
        body = arp(op=2, sender=target, target=ADDRESSES[to], sender_mac=own, target_mac=self.macs[to])
        return self._put(ms, ethernet(body, kind=0x0806, src=own, dst=self.macs[to]), (by, to))

    def resolve(self, ms: float, by: str, asker: str = ROUTER, target: str = VIP) -> Segment:
        """A question and its answer."""
        return self.ask(ms, asker, target).answer(ms + 0.1, by, asker, target)

    def announce(self, ms: float, by: str, target: str = VIP) -> Segment:
        """A gratuitous reply to everybody."""
        body = arp(op=2, sender=target, target=target, sender_mac=self.macs[by], target_mac=self.macs[by])
        return self._put(ms, ethernet(body, kind=0x0806, src=self.macs[by], dst=EVERYBODY))

    def call(
        self, ms: float, to: str, *, sport: int = 40_000, flags: int = SYN, back: bool = False, data: bytes = b"",
        seq: int = 1, target: str = VIP,
    ) -> Segment:  # fmt: skip
        """A segment from the router to ``target`` at the machine ``to``, or ``back`` from it."""
        ends = (ADDRESSES[ROUTER], target, sport, 80, ROUTER, to)
        src, dst, source, into, sender, receiver = (
            (ends[1], ends[0], ends[3], ends[2], ends[5], ends[4]) if back else ends
        )
        inner = tcp(data, sport=source, dport=into, seq=seq, ack=0 if flags == SYN else 1, flags=flags)
        packet = ipv4(inner, src=src, dst=dst, proto=6, ident=round(ms) % 65_000 + 1)
        return self._put(ms, ethernet(packet, src=self.macs[sender], dst=self.macs[receiver]), (ROUTER, to))

    def chatter(self, until_ms: float) -> Segment:
        """Traffic between all machines, twice a second: everybody is awake and knows the others."""
        for step in range(int(until_ms // 400) + 1):
            for at, (one, other) in enumerate(((ROUTER, A), (ROUTER, B), (A, B))):
                packet = ipv4(tcp(sport=9, dport=9, seq=step), src=ADDRESSES[one], dst=ADDRESSES[other], proto=6,
                              ident=step + 1)  # fmt: skip
                frame = ethernet(packet, src=self.macs[one], dst=self.macs[other])
                self._put(step * 400 + at, frame, (one, other))
        return self

    def sources(self, **changes: Any) -> tuple[Source, ...]:
        """The captures of the points, each complete and with its tool's own counts."""
        found = []
        for point in self.points:
            frames = self.frames[point]
            times = [ts for ts, _ in frames]
            counts = ToolCounts(captured=len(frames), received=len(frames), dropped=0)
            one = Source(name=point, path=f"{point}.pcap", point=point, linktype=1, sha256="", packets=len(frames),
                         bytes=1, first_ns=min(times, default=None), last_ns=max(times, default=None), counts=counts)  # fmt: skip
            found.append(replace(one, **changes))
        return tuple(found)

    def rows(self) -> Sightings:
        """The sightings of everything."""
        return sightings(decode_table({point: pcap(sorted(self.frames[point])) for point in self.points}))

    def arp_frames(self) -> tuple[Sightings, ArpFrames]:
        """The ARP frames among them."""
        rows = self.rows()
        return rows, arp_frames(rows)

    def tools(self, cluster: Cluster = CLUSTER, **changes: Any) -> tuple[Sightings, Coverage, Prover]:
        """What the room's parts are given."""
        rows, sources = self.rows(), self.sources(**changes)
        return rows, Coverage(rows, sources, point_roles(rows, cluster), cluster), Prover(rows, sources)

    def analysed(self, cluster: Cluster = CLUSTER, **changes: Any) -> Analysis:
        """The whole analysis; ``changes`` are made to every source."""
        table = decode_table({point: pcap(sorted(self.frames[point])) for point in self.points})
        return analyse(table, HTTP.empty_table(), self.sources(**changes), cluster)

    def resolution(self, cluster: Cluster = CLUSTER, address: str = VIP, **changes: Any) -> Resolution:
        """What ARP told of one address."""
        (one,) = [one for one in self.analysed(cluster, **changes).arp if one.address == address]
        return one
