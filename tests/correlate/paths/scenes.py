"""Small scenes for paths: two nodes behind a router, what each point saw, what the inventory and tshark say of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path as File

from captools.correlate.analyse import analyse
from captools.model.analysis import Analysis
from captools.model.cluster import Cluster, Link, Node, Pod, Route
from captools.model.paths import Path
from captools.model.session import ToolCounts
from captures.build import ethernet, icmp_echo, ipv4
from tests.correlate.talk import MS, START, Frames, Read, read

A_POD, B_POD = "10.0.1.5", "10.0.2.5"
A_IP, B_IP, R1_IP, R2_IP = "192.0.2.1", "198.51.100.2", "192.0.2.254", "198.51.100.254"
CONFIG = {"enable-host-legacy-routing": "true", "datapath-mode": "veth", "bpf-lb-acceleration": "disabled"}


def link(index: int, name: str, *addresses: str, kind: str = "veth") -> Link:
    return Link(index=index, name=name, mac=f"02:00:00:00:{index:02x}:01", kind=kind, addresses=addresses)


def cluster(**changes: object) -> Cluster:
    """Pods a (on node a) and b (on node b); a and b are on two subnets, with the router r between them."""
    a = Node(
        name="a", internal_ip=A_IP, pod_cidrs=("10.0.1.0/24",), in_cluster=True,
        links=(link(2, "eth0", A_IP), link(3, "lxca")),
        routes=(Route(prefix="10.0.2.0/24", via=R1_IP, dev="eth0"), Route(prefix="0.0.0.0/0", via=R1_IP, dev="eth0")),
    )  # fmt: skip
    b = Node(
        name="b", internal_ip=B_IP, pod_cidrs=("10.0.2.0/24",), in_cluster=True,
        links=(link(4, "eth0", B_IP), link(5, "lxcb")),
        routes=(Route(prefix="10.0.1.0/24", via=R2_IP, dev="eth0"), Route(prefix="0.0.0.0/0", via=R2_IP, dev="eth0")),
    )  # fmt: skip
    r = Node(
        name="r", links=(link(6, "eth1", R1_IP), link(7, "eth2", R2_IP)),
        routes=(Route(prefix="10.0.1.0/24", via=A_IP, dev="eth1"), Route(prefix="10.0.2.0/24", via=B_IP, dev="eth2"),
                Route(prefix="192.0.2.0/24", dev="eth1"), Route(prefix="198.51.100.0/24", dev="eth2")),
    )  # fmt: skip
    pods = (
        Pod(namespace="d", name="a", ip=A_POD, node="a", interface="lxca", identity=1001),
        Pod(namespace="d", name="b", ip=B_POD, node="b", interface="lxcb", identity=1002),
    )
    return replace(Cluster(nodes=(a, b, r), pods=pods, config=CONFIG), **changes)  # type: ignore[arg-type]


WAY = (("a__lxca", 64), ("a__eth0", 63), ("r__eth1", 63), ("r__eth2", 62), ("b__eth0", 62), ("b__lxcb", 61))


@dataclass(slots=True)
class Scene:
    """What the points saw; ``sees`` adds a packet to some of them."""

    points: dict[str, Frames]

    def sees(self, ms: float, packet: bytes, *points: str, each_us: int = 10) -> None:
        """Show a packet at ``points``, in this order, with the TTL it has there by now."""
        for at, point in enumerate(points):
            stamp = START + round(ms * MS) + at * each_us * 1_000
            self.points.setdefault(point, []).append((stamp, ethernet(packet)))

    def read(self, *, counts: bool = True, **changes: object) -> Read:
        """Return the tables; the tools' counts say that nothing was dropped."""
        found = read(**self.points)
        told = ToolCounts(captured=9, received=9, dropped=0) if counts else ToolCounts()
        return replace(found, sources=tuple(replace(one, counts=told, **changes) for one in found.sources))  # type: ignore[arg-type]

    def analysed(self, of: Cluster | None = None, **changes: object) -> Analysis:
        one = self.read(**changes)  # type: ignore[arg-type]
        return analyse(one.packets, one.http, one.sources, of or cluster())

    def path(self, src: str = A_POD, of: Cluster | None = None, **changes: object) -> Path:
        """Return the path of the one conversation that ``src`` began."""
        return next(path for path in self.analysed(of, **changes).paths if path.flow.src == src)


def ping(seq: int, *, reply: bool = False, ttl: int = 64, ident: int = 7) -> bytes:
    """An echo request of pod a to pod b, or its reply."""
    src, dst = (B_POD, A_POD) if reply else (A_POD, B_POD)
    inner = icmp_echo(b"0123456789abcdef", ident=ident, seq=seq, reply=reply)
    return ipv4(inner, src=src, dst=dst, proto=1, ttl=ttl, ident=100 * reply + seq)


def hops_of(number: int) -> Iterator[tuple[str, int]]:
    """Yield the first ``number`` points of the way from a to b, with the TTL there."""
    yield from WAY[:number]


def pinged(scene: Scene, ms: float, seq: int, *, there: int = 6, back: int = 6, reply: bool = True) -> Scene:
    """Send a ping that gets ``there`` points far, and its reply ``back`` points far."""
    for at, (point, ttl) in enumerate(hops_of(there)):
        scene.sees(ms + at * 0.01, ping(seq, ttl=ttl), point)
    if reply:
        for at, (point, _) in enumerate(list(reversed(WAY))[:back]):
            scene.sees(ms + 0.1 + at * 0.01, ping(seq, reply=True, ttl=WAY[at][1]), point)
    return scene


def chatter(scene: Scene, *ms: float) -> Scene:
    """Let every point see other traffic, both ways, so that it is known to be listening."""
    for at, when in enumerate(ms):
        for point, _ in WAY:
            other = ipv4(
                icmp_echo(b"x" * 20, ident=99, seq=at), src="10.0.1.9", dst="10.0.2.9", proto=1, ident=900 + at
            )
            scene.sees(when, other, point)
    return scene


def tshark(file: File, wanted: str, *fields: str) -> list[list[str]]:
    """Return ``fields`` of the frames of a capture that a display filter passes; VXLAN is read on Cilium's port."""
    arguments = ["tshark", "-r", str(file), "-d", "udp.port==8472,vxlan", "-Y", wanted, "-T", "fields"]
    run = subprocess.run(
        [*arguments, *(word for field in fields for word in ("-e", field))], capture_output=True, text=True, check=True
    )
    return [line.split("\t") for line in run.stdout.splitlines()]
