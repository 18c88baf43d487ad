"""Identities: VNIs between nodes of the inventory are held against the sender's identity; nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.evidence import Prover
from captools.correlate.identities import foreign_identities
from captools.correlate.sightings import ABSENT
from captools.model.cluster import Cluster, Node, Pod
from captools.model.identities import ForeignIdentity
from captures.build import ethernet, geneve, icmp_echo, ipv4, udp, vxlan
from tests.correlate.sealed_talk import EAST, WEST, Frame, carried, talk

ONE, TWO = "10.1.0.5", "10.2.0.5"
OWN, FOREIGN = 1234, 777
CLUSTER = Cluster(
    nodes=(
        Node(name="east", internal_ip=EAST, pod_cidrs=("10.1.0.0/24",), in_cluster=True),
        Node(name="west", internal_ip=WEST, pod_cidrs=("10.2.0.0/24",), in_cluster=True),
    ),
    pods=(
        Pod(namespace="default", name="one", ip=ONE, node="east", identity=OWN),
        Pod(namespace="default", name="two", ip=TWO, node="west", identity=5000),
    ),
)


def ping(src: str = ONE, dst: str = TWO) -> bytes:
    return ipv4(icmp_echo(b"x" * 8, ident=1, seq=1), src=src, dst=dst, proto=1)


def tunnelled(
    vni: int, packet: bytes = b"", *, src: str = EAST, dst: str = WEST, port: int = 8472, ms: float = 0
) -> Frame:
    """An IP packet in VXLAN (or, by its port, Geneve) between two nodes."""
    frame = ethernet(packet or ping())
    inner = geneve(frame, vni=vni) if port == 6081 else vxlan(frame, vni=vni)
    return carried(ipv4(udp(inner, sport=40000, dport=port), src=src, dst=dst, proto=17), ms)


def found(*frames: Frame, cluster: Cluster = CLUSTER) -> tuple[ForeignIdentity, ...]:
    one = talk(cluster, east__eth0=frames)
    rows = one.rows()
    return foreign_identities(rows, np.full(len(rows), ABSENT), cluster, Prover(rows, one.sources))


@pytest.mark.parametrize("port", [8472, 6081])
def test_another_number_than_the_senders_is_told_with_both_ends_of_the_tunnel(port):
    (one,) = found(tunnelled(FOREIGN, port=port), tunnelled(FOREIGN, port=port, ms=5), tunnelled(OWN, port=port, ms=9))
    assert (one.src, one.vni, one.identity, one.sender, one.receiver) == (ONE, FOREIGN, OWN, "east", "west")
    assert (one.packets, one.agreeing, one.dst, one.points) == (2, 1, (TWO,), ("east/eth0",))
    assert [proof.frames for proof in one.evidence] == [(1, 2)]


def test_the_senders_own_number_is_right():
    assert found(tunnelled(OWN)) == ()


@pytest.mark.parametrize("vni", [0, 2, 6, 8, 107, 255, 1 << 16 | 300])
def test_reserved_numbers_and_those_of_other_clusters_say_nothing(vni):
    assert found(tunnelled(vni)) == ()


def test_senders_without_an_identity_say_nothing():
    assert found(tunnelled(FOREIGN, ping(src="10.1.0.77"))) == ()


@pytest.mark.parametrize(("src", "dst"), [("203.0.113.1", WEST), (EAST, "203.0.113.1"), (EAST, EAST)])
def test_only_tunnels_between_two_nodes_of_the_inventory_count(src, dst):
    assert found(tunnelled(FOREIGN, src=src, dst=dst)) == ()


def test_a_pods_own_tunnel_inside_the_tunnel_has_numbers_of_its_own():
    own = ipv4(udp(vxlan(ethernet(ping()), vni=FOREIGN), sport=1, dport=8472), src=ONE, dst=TWO, proto=17)
    assert found(tunnelled(OWN, own)) == ()


def test_each_way_of_a_pod_is_told_apart():
    third = Node(name="north", internal_ip="192.168.10.3", pod_cidrs=("10.3.0.0/24",), in_cluster=True)
    cluster = Cluster(nodes=(*CLUSTER.nodes, third), pods=CLUSTER.pods)
    told = found(tunnelled(FOREIGN), tunnelled(FOREIGN, ping(dst="10.3.0.9"), dst="192.168.10.3"), cluster=cluster)
    assert [(one.receiver, one.dst) for one in told] == [("west", (TWO,)), ("north", ("10.3.0.9",))]


def test_no_packets_and_no_inventory_give_nothing():
    assert found() == () and found(tunnelled(FOREIGN), cluster=Cluster()) == ()
