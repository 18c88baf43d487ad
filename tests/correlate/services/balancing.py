"""Connections through a node that balances: what its two interfaces show before and behind the translation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from captools.model.analysis import Analysis
from captools.model.cluster import Cluster, Node, Pod, Service
from captools.model.session import ToolCounts
from captures.build import ethernet, ipv4, tcp
from tests.correlate.talk import MS, START, Frames, Read, read

VIP, PORT = "192.0.2.80", 80
CLIENT, OTHER, LB = "192.0.2.7", "192.0.2.8", "198.51.100.1"
PODS = ("10.0.1.5", "10.0.2.5", "10.0.3.5")
SYN, SYN_ACK, ACK, PUSH = 0x02, 0x12, 0x10, 0x18
OUTSIDE, INSIDE = "lb__eth0", "lb__eth1"


def cluster(**service: object) -> Cluster:
    """Three nodes with a pod each behind d/web, balanced by Cilium by lot; ``service`` changes that Service."""
    web = Service(
        namespace="d", name="web", vips=(VIP,), cluster_ips=("10.96.0.9",), ports=((PORT, PORT),), backends=PODS
    )
    return Cluster(
        nodes=(
            Node(name="lb", internal_ip=LB, in_cluster=True),
            *(Node(name=f"n{at}", pod_cidrs=(f"10.0.{at}.0/24",), in_cluster=True) for at in (1, 2, 3)),
        ),
        pods=tuple(
            Pod(namespace="d", name=f"web-{at}", ip=ip, node=f"n{at}", interface=f"lxc{at}") for at, ip in enumerate(PODS, 1)
        ),
        services=(replace(web, **service),),  # type: ignore[arg-type]
        config={"kube-proxy-replacement": "true", "bpf-lb-algorithm": "random"},
    )  # fmt: skip


@dataclass(slots=True)
class Wire:
    """What each point saw; connections are opened, asked over and answered."""

    points: dict[str, Frames] = field(default_factory=dict)
    opened: int = 0

    def call(
        self,
        backend: str,
        *,
        client: str = CLIENT,
        vip: str = VIP,
        port: int = PORT,
        target: int = PORT,
        source: str = "",
        sport: int = 0,
        before: str = OUTSIDE,
        behind: str | None = INSIDE,
        opening: bool = True,
    ) -> Wire:
        """Add one connection to ``vip`` that ``backend`` gets; ``behind`` None: nobody sees it there.

        ``source``: what the balancer puts in the client's place; ``sport``: with another port.
        """
        self.opened += 1
        number, own = self.opened, 40_000 + self.opened
        there, back = 1_000_000 * number, 77_000_000 + 1_000 * number
        packets = [
            (True, SYN, there, 0, b""), (False, SYN_ACK, back, there + 1, b""), (True, ACK, there + 1, back + 1, b""),
            (True, PUSH, there + 1, back + 1, b"hello"), (False, PUSH, back + 1, there + 6, b"I am here"),
        ]  # fmt: skip
        sides = [
            (before, client, own, vip, port, 64, 0),
            (behind, source or client, sport or own, backend, target, 63, 20),
        ]
        for step, (asks, flags, seq, ack, payload) in enumerate(packets if opening else packets[2:]):
            for point, src, from_, dst, to, ttl, late in sides if asks else reversed(sides):
                if point is None:
                    continue
                ends = (src, from_, dst, to) if asks else (dst, to, src, from_)
                inner = tcp(payload, sport=ends[1], dport=ends[3], seq=seq, ack=ack, flags=flags)
                ip = ipv4(
                    inner,
                    src=ends[0],
                    dst=ends[2],
                    proto=6,
                    ttl=ttl if asks else 64 - (late == 0),
                    ident=10 * number + step,
                )
                when = START + number * 10 * MS + step * MS + (late if asks else 20 - late) * 1_000
                self.points.setdefault(point, []).append((when, ethernet(ip)))
        return self

    def calls(self, *backends: str, **how: object) -> Wire:
        """Add a connection for each of ``backends``."""
        for backend in backends:
            self.call(backend, **how)  # type: ignore[arg-type]
        return self

    def read(self, **source: object) -> Read:
        """Return the tables; the tools' counts say that nothing was dropped."""
        told = {"counts": ToolCounts(captured=9, received=9, dropped=0), **source}
        found = read(**self.points)
        return replace(found, sources=tuple(replace(one, **told) for one in found.sources))  # type: ignore[arg-type]

    def analysed(self, of: Cluster | None = None, **source: object) -> Analysis:
        """Return the analysis, with the cluster above if no other is given."""
        return self.read(**source).analysed(cluster() if of is None else of)


def direct(wire: Wire, pod: str, point: str, *backends: str) -> Wire:
    """Let a pod call backends themselves, seen at one point only."""
    for backend in backends:
        wire.call(backend, client=pod, vip=backend, before=point, behind=None)
    return wire
