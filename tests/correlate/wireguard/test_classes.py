"""Classes: each frame between two nodes is what it is, and between whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.cluster import Cluster, IpcacheEntry
from captools.model.encryption import Kind
from captures.build import (
    arp,
    esp,
    ethernet,
    geneve,
    gre,
    ipv4,
    ipv6,
    neighbour,
    tcp,
    udp,
    vxlan,
    wireguard_data,
    wireguard_handshake,
)
from tests.correlate.sealed_talk import (
    CLUSTER,
    EAST,
    EAST_POD,
    WEST,
    WEST_POD,
    Frame,
    Talk,
    at,
    begin,
    carried,
    data,
    datagram,
    ping,
    respond,
    talk,
)

EAST_MAC, WEST_MAC = "02:00:00:00:00:0e", "02:00:00:00:00:0f"


def kinds(found: Talk) -> dict[tuple[str, str], dict[Kind, int]]:
    """Return how many sightings of which class there are, by pair of nodes."""
    pairs = found.encryption().pairs
    return {(one.a, one.b): {each.kind: each.sightings for each in one.classes} for one in pairs}


def only(*frames: Frame, cluster: Cluster = CLUSTER) -> dict[Kind, int]:
    """The classes between east and west, seen at east's card."""
    found = kinds(talk(cluster, east__eth0=frames))
    assert set(found) <= {("east", "west")}
    return found.get(("east", "west"), {})


def outer(message: bytes, port: int = 8472, **more: int) -> Frame:
    return carried(ipv4(udp(message, sport=40_000, dport=port), src=EAST, dst=WEST, proto=17, **more), 0)


def ip(inner: bytes, proto: int, src: str = EAST, dst: str = WEST) -> Frame:
    return carried(ipv4(inner, src=src, dst=dst, proto=proto), 0)


def test_wireguard_messages_by_their_type():
    cookie = datagram(3, wireguard_handshake(kind=3, first=1), WEST, EAST)
    found = only(begin(0, 1), respond(1, 2, 1), data(2, 0), data(4, 1, 0), cookie)
    assert found == {Kind.HANDSHAKE: 2, Kind.DATA: 1, Kind.KEEPALIVE: 1, Kind.COOKIE: 1}


def test_wireguard_is_known_on_any_port_and_other_bytes_are_not_on_its_own():
    assert only(data(0, 0, port=4500)) == {Kind.DATA: 1}
    # cilium#30901: the DNS proxy was seen sending from port 51871.
    assert only(datagram(0, b"\x12\x34\x01\x00\x00\x01" + bytes(40))) == {Kind.NODE: 1}


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (carried(ping(1), 0), Kind.POD),
        (outer(vxlan(ethernet(ping(1)), vni=4711)), Kind.OVERLAY),
        (outer(geneve(ethernet(ping(1)), vni=4711), 6081), Kind.OVERLAY),
        (ip(gre(ping(1), kind=0x0800), 47), Kind.OVERLAY),
        (ip(ping(1), 4), Kind.OVERLAY),
        (carried(ping(1, src=EAST, dst=WEST), 0), Kind.NODE),
        (carried(ping(1, src=EAST, dst=WEST_POD), 0), Kind.NODE),  # a node's own traffic to a pod
        (carried(ping(1, src=EAST_POD, dst=WEST), 0), Kind.NODE),  # cilium#46864
        (outer(vxlan(ethernet(ping(1, src="10.1.0.1", dst=WEST_POD)), vni=1)), Kind.NODE),
        (ip(tcp(sport=50_000, dport=4240), 6), Kind.HEALTH),
        (ip(tcp(sport=4240, dport=50_000), 6, src=WEST_POD, dst=EAST), Kind.HEALTH),
        (outer(vxlan(ethernet(ping(1, src="10.2.0.99", dst="10.1.0.1")), vni=4)), Kind.HEALTH),
        (ip(tcp(sport=50_000, dport=4240), 6, src=EAST_POD, dst=WEST_POD), Kind.POD),  # a pod's own port 4240
        (ip(esp(b"x" * 60, spi=3, seq=1), 50), Kind.IPSEC),
        (outer(vxlan(ethernet(arp(op=1, sender=EAST_POD, target=WEST_POD), kind=0x0806), vni=7)), Kind.ARP),
        (outer(vxlan(ethernet(b"\x45\x00\x00\x54" + bytes(4)), vni=4711)), Kind.UNREAD),  # cut inside the inner header
        (outer(b"\x08", 8472), Kind.UNREAD),  # cut inside the tunnel's header
    ],
)  # fmt: skip
def test_readable_frames_by_their_ends(frame, kind):
    assert only(frame) == {kind: 1}


def test_the_health_endpoint_is_known_by_its_identity():
    cluster = replace(CLUSTER, ipcache=(IpcacheEntry(prefix="10.2.0.99/32", identity=4),))
    assert only(carried(ping(1, dst="10.2.0.99"), 0), cluster=cluster) == {Kind.HEALTH: 1}
    assert only(carried(ping(1, dst="10.2.0.99"), 0)) == {Kind.POD: 1}


def test_an_ingress_address_is_covered_as_a_pod_is():
    cluster = replace(CLUSTER, nodes=(replace(CLUSTER.nodes[0], ingress="10.1.0.9"), CLUSTER.nodes[1]))
    assert only(carried(ping(1, src="10.1.0.9"), 0), cluster=cluster) == {Kind.POD: 1}


def test_neighbour_discovery_and_arp_and_frames_without_ip_between_cards():
    advert = ipv6(neighbour(kind=136, target="fe80::2"), src="fe80::1", dst="fe80::2", proto=58, hops=255)
    found = only(
        (at(0), ethernet(advert, kind=0x86DD, src=EAST_MAC, dst=WEST_MAC)),
        (
            at(1),
            ethernet(arp(op=1, sender=EAST, target=WEST), kind=0x0806, src=EAST_MAC, dst="ff:ff:ff:ff:ff:ff"),
        ),
        (at(2), ethernet(bytes(46), kind=0x88CC, src=EAST_MAC, dst=WEST_MAC)),
    )
    assert found == {Kind.NEIGHBOUR: 1, Kind.ARP: 1, Kind.CONTROL: 1}


def test_addresses_nobody_knows_count_between_the_nodes_whose_cards_they_pass():
    frame = ipv4(tcp(sport=1, dport=2), src="203.0.113.5", dst="198.51.100.7", proto=6)
    assert only((at(0), ethernet(frame, src=EAST_MAC, dst=WEST_MAC))) == {Kind.OTHER: 1}
    assert only((at(0), ethernet(frame, src=EAST_MAC, dst="02:00:00:00:00:99"))) == {}


def test_traffic_within_a_node_or_to_the_outside_is_between_no_two_nodes():
    assert only(carried(ping(1, dst="10.1.0.6"), 0), carried(ping(1, src=EAST, dst="203.0.113.5"), 0)) == {}


def test_pod_packets_on_devices_of_the_node_are_no_frames_between_nodes():
    assert kinds(talk(east__lxc1=[carried(ping(1), 0)], east__cilium_vxlan=[carried(ping(1), 0)])) == {}


def fragments(message: bytes, port: int) -> tuple[Frame, Frame]:
    """A datagram in two fragments."""
    whole = udp(message, sport=40_000, dport=port)
    first = ipv4(whole[:1_200], src=EAST, dst=WEST, proto=17, ident=77, flags=1)
    return carried(first, 0), carried(
        ipv4(whole[1_200:], src=EAST, dst=WEST, proto=17, ident=77, flags=0, fragment=150), 1
    )


def test_later_fragments_are_what_their_first_one_is():
    first, later = fragments(bytes(1_400), 2049)
    assert only(first, later) == {Kind.NODE: 2}
    assert only(later) == {Kind.UNREAD: 1}


@pytest.mark.parametrize(
    ("message", "port"),
    [(vxlan(ethernet(ping(1, 1_400)), vni=4711), 8472), (wireguard_data(receiver=1, counter=5, sealed=1_424), 51871)],
)
def test_fragments_of_a_tunnel_or_of_wireguard_are_not_taken_for_a_nodes_own_traffic(message, port):
    assert only(*fragments(message, port)) == {Kind.UNREAD: 2}


def test_fragments_of_a_pods_packet_are_a_pods():
    whole = udp(bytes(1_400), sport=1, dport=2)
    later = ipv4(whole[1_200:], src=EAST_POD, dst=WEST_POD, proto=17, ident=5, flags=0, fragment=150)
    assert only(carried(later, 0)) == {Kind.POD: 1}


def test_beside_esp_a_packet_readable_at_its_receivers_card_may_be_the_decrypted_one():
    sealed, packet = ip(esp(b"x" * 60, spi=3, seq=1), 50), carried(ping(1), 1)
    found = kinds(talk(west__eth0=[sealed, packet], east__eth0=[sealed]))
    assert found["east", "west"] == {Kind.IPSEC: 2, Kind.DECRYPTED: 1}
    assert kinds(talk(east__eth0=[sealed, packet]))["east", "west"] == {Kind.IPSEC: 1, Kind.POD: 1}


def test_packets_are_counted_once_and_sightings_each_time():
    frames = [data(0, 0), data(1, 1)]
    (pair,) = talk(east__eth0=frames, west__eth0=frames).encryption().pairs
    (one,) = pair.classes
    assert (one.kind, one.packets, one.sightings, one.points) == (Kind.DATA, 2, 4, ("east/eth0", "west/eth0"))
