"""Owners: whose MAC address it is, by every source there may be, and nobody's where they disagree."""

from __future__ import annotations

from dataclasses import replace

from captools.correlate.arp.owners import is_virtual, owners
from captools.model.cluster import Cluster, Link, Neighbour, Node, Service
from tests.correlate.arp_segment import ADDRESSES, CLUSTER, MACS, ROUTER, SHOP, VIP, A, B, Segment, node

BARE = tuple(Node(name=name, internal_ip=ADDRESSES[name], in_cluster=True) for name in (A, B))


def owner(mac: str, cluster: Cluster, talk: Segment | None = None) -> tuple[str, str]:
    rows, frames = (talk or Segment().ask(0)).arp_frames()
    return owners(rows, frames, cluster).of(mac)


def test_a_nodes_own_links_say_it():
    assert owner(MACS[A], CLUSTER) == (A, "eth1") and owner("02:00:00:00:99:99", CLUSTER) == ("", "")


def test_a_bond_and_its_cards_are_one_machine_and_the_one_with_addresses_is_named():
    links = (
        Link(index=2, name="eth1", mac=MACS[A]),
        Link(index=5, name="bond0", mac=MACS[A], addresses=("192.168.10.100",)),
    )
    assert owner(MACS[A], Cluster(nodes=(node(A, links=links),))) == (A, "bond0")


def test_an_address_that_two_machines_have_is_nobodys():
    twins = (node(A), node(B, links=(Link(index=2, name="eth0", mac=MACS[A]),)))
    assert owner(MACS[A], Cluster(nodes=twins)) == ("", "")


def test_another_nodes_neighbour_table_says_it():
    told = Neighbour(address=ADDRESSES[B], mac=MACS[B].upper(), dev="eth1")
    assert owner(MACS[B], Cluster(nodes=(replace(BARE[0], neighbours=(told,)), BARE[1]))) == (B, "")


def test_what_a_machine_asks_in_its_own_name_says_it():
    assert owner(MACS[B], Cluster(nodes=BARE), Segment().ask(0, B, target=ADDRESSES[A])) == (B, "")


def test_a_service_address_in_a_neighbour_table_names_no_node():
    # It moves: who has it now is not who had it when the table was printed.
    told = Neighbour(address=VIP, mac=MACS[B], dev="eth1")
    holder = replace(BARE[0], links=(Link(index=9, name="lo", addresses=(VIP,)),), neighbours=(told,))
    assert owner(MACS[B], Cluster(nodes=(holder, BARE[1]), services=(SHOP,))) == ("", "")
    assert isinstance(SHOP, Service)


def test_an_address_that_two_machines_speak_for_names_neither():
    talk = Segment().announce(0, A, target=ADDRESSES[B]).announce(1, B, target=ADDRESSES[B])
    assert owner(MACS[A], Cluster(nodes=(BARE[1],)), talk) == ("", "")


def test_addresses_that_routers_share_are_known():
    for mac in (
        "00:00:5e:00:01:07",
        "00:00:5e:00:02:01",
        "00:00:0c:07:ac:01",
        "00:00:0c:9f:f0:01",
        "00:07:b4:00:01:02",
    ):
        assert is_virtual(mac)
    assert not is_virtual(MACS[ROUTER])
