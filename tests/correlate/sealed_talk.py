"""WireGuard between built nodes: frames at their cards and devices, and what correlation makes of them.

``east`` and ``west`` are nodes of a cluster with one pod each; ``router`` stands between them and is no node.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from captools.correlate.evidence import Prover
from captools.correlate.sightings import ABSENT, Sightings, sightings
from captools.correlate.wireguard.bridge import Bridge
from captools.correlate.wireguard.road import WireGuard, wireguard
from captools.model.cluster import Cluster, Link, Node, Pod
from captools.model.encryption import Encryption, Pair
from captools.model.packets import PACKETS
from captools.model.points import role_of
from captools.model.sources import Source
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.index import read_records
from captures.build import EN10MB, RAW, ethernet, icmp_echo, ipv4, pcap, udp, wireguard_data, wireguard_handshake

MS, SECOND = 1_000_000, 1_000_000_000
START = 1_700_000_000 * SECOND
EAST, WEST = "192.168.10.1", "192.168.10.2"
EAST_POD, WEST_POD = "10.1.0.5", "10.2.0.5"
PORT = 51871
Frame = tuple[int, bytes]
Frames = list[Frame]

CLUSTER = Cluster(
    nodes=(
        Node(name="east", internal_ip=EAST, pod_cidrs=("10.1.0.0/24",), cilium_host="10.1.0.1", in_cluster=True,
             links=(Link(index=2, name="eth0", mac="02:00:00:00:00:0e"), Link(index=3, name="cilium_wg0", mtu=1420))),
        Node(name="west", internal_ip=WEST, pod_cidrs=("10.2.0.0/24",), cilium_host="10.2.0.1", in_cluster=True,
             links=(Link(index=2, name="eth0", mac="02:00:00:00:00:0f"), Link(index=3, name="cilium_wg0", mtu=1420))),
    ),
    pods=(Pod(namespace="default", name="one", ip=EAST_POD, node="east"),
          Pod(namespace="default", name="two", ip=WEST_POD, node="west")),
)  # fmt: skip


def at(ms: float) -> int:
    """Return a time of the talk."""
    return START + round(ms * MS)


def carried(packet: bytes, ms: float, *, ttl: int = 64) -> Frame:
    """Put an IP packet on a wire."""
    return at(ms), ethernet(packet, src="02:00:00:00:00:0e", dst="02:00:00:00:00:0f")


def datagram(ms: float, message: bytes, src: str = EAST, dst: str = WEST, *, ttl: int = 64, port: int = PORT) -> Frame:
    """A WireGuard message between two nodes."""
    return carried(ipv4(udp(message, sport=port, dport=port), src=src, dst=dst, proto=17, ttl=ttl), ms)


def data(ms: float, counter: int, ip_len: int = 84, *, index: int = 7, src: str = EAST, dst: str = WEST, ttl: int = 64,
         mtu: int = 1420, port: int = PORT) -> Frame:  # fmt: skip
    """The data message that carries an IP packet of ``ip_len`` bytes (0: a keepalive)."""
    padded = max(ip_len, min(-(-ip_len // 16) * 16, mtu))
    message = wireguard_data(receiver=index, counter=counter, sealed=padded + 16)
    return datagram(ms, message, src, dst, ttl=ttl, port=port)


def begin(ms: float, index: int, src: str = EAST, dst: str = WEST) -> Frame:
    """A handshake initiation."""
    return datagram(ms, wireguard_handshake(kind=1, first=index), src, dst)


def respond(ms: float, index: int, to: int, src: str = WEST, dst: str = EAST) -> Frame:
    """The answer to the initiation with sender index ``to``."""
    return datagram(ms, wireguard_handshake(kind=2, first=index, second=to), src, dst)


def ping(seq: int, ip_len: int = 84, src: str = EAST_POD, dst: str = WEST_POD) -> bytes:
    """An IP packet of ``ip_len`` bytes between two pods."""
    return ipv4(icmp_echo(bytes(ip_len - 28), ident=9, seq=seq), src=src, dst=dst, proto=1, ident=seq)


@dataclass(frozen=True, slots=True)
class Talk:
    """Frames at points, read."""

    packets: pa.Table
    sources: tuple[Source, ...]
    cluster: Cluster = CLUSTER

    def rows(self) -> Sightings:
        return sightings(self.packets)

    def road(self) -> WireGuard:
        rows = self.rows()
        roles = {point: role_of(point.partition("/")[2]) for point in rows.points}
        return wireguard(rows, roles, self.cluster, self.sources)

    def bridge(self) -> Bridge:
        return self.road().bridge

    def encryption(self, *, expected: bool = False, clocks: tuple[int, int] | None = (0, 0)) -> Encryption:
        """Return the verdict; ``clocks``: (offset, error) of any two nodes' clocks."""
        road = self.road()
        prover = Prover(road.rows, self.sources)
        nobody = np.full(len(road.rows), ABSENT)
        return road.encryption(nobody, lambda _a, _b: clocks, prover, expected=expected)

    def pair(self) -> Pair:
        """Return the only pair of nodes."""
        (found,) = self.encryption().pairs
        return found

    def but(self, point: str, **changes: object) -> Talk:
        """Let the source of a point be otherwise."""
        changed = tuple(replace(one, **changes) if one.point == point else one for one in self.sources)
        return replace(self, sources=changed)


def talk(cluster: Cluster = CLUSTER, **points: Iterable[Frame]) -> Talk:
    """Read frames at points; ``east__eth0`` is the point ``east/eth0``. A WireGuard device shows bare IP packets."""
    packets, sources = [PACKETS.empty_table()], []
    for name, frames in points.items():
        node, _, interface = name.partition("__")
        point, linktype = f"{node}/{interface}", RAW if interface == "cilium_wg0" else EN10MB
        content = pcap(sorted(frames), linktype=linktype)
        records = read_records(content, point)
        packets.append(decode(BytesView(content), records, Naming(source=f"{name}.pcap", points=(point,))))
        sources.append(
            Source(
                name=f"{name}.pcap", path=f"captures/{name}.pcap", point=point, linktype=linktype, sha256="ab" * 32,
                packets=len(packets[-1]), bytes=len(content), first_ns=None, last_ns=None, role=role_of(interface).value,
            )
        )  # fmt: skip
    return Talk(pa.concat_tables(packets).unify_dictionaries(), tuple(sources), cluster)
