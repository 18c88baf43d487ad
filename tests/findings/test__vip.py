"""How the vip-* rules speak of addresses and machines."""

from __future__ import annotations

from dataclasses import replace

from captools.findings._vip import (
    arpings_of,
    by_inventory,
    called,
    counts,
    machine,
    moment,
    subject,
    unlisted,
    where_printed,
)
from captools.model.arp import Arping, Claim
from captools.model.cluster import Cluster, Link, Node
from tests.correlate.arp_segment import CLUSTER, MACS, NO_FACTS, VIP, A, Segment, node

CLAIM = Claim(mac=MACS[A], node=A, first_ns=0, last_ns=0, answers=1, gratuitous=0)


def test_an_address_is_called_what_it_is():
    assert called(CLUSTER, VIP) == f"{VIP}, the load-balancer address of default/shop,"
    pool = replace(CLUSTER, services=(), pools=("192.168.10.208/28",))
    assert "of the load-balancer pool but no Service's" in called(pool, VIP)
    assert "load-balancer" not in called(NO_FACTS, VIP)


def test_only_a_load_balancers_address_counts_where_services_are_listed():
    listed, bare = Segment().ask(0).analysed(), Segment().ask(0).analysed(NO_FACTS)
    assert counts(listed, VIP) and not counts(listed, "192.168.10.7")
    assert counts(bare, VIP) and unlisted(bare, VIP)
    known = Segment().ask(0).analysed(Cluster(nodes=(node(A),)))
    assert not counts(known, node(A).internal_ip), "a node's own address is no load balancer's"


def test_the_subject_names_the_service():
    assert subject(CLUSTER, VIP, node=A) == {"vip": VIP, "name": "default/shop", "node": A}
    assert subject(NO_FACTS, VIP)["name"] is None


def test_machines_are_named_with_their_mac_address():
    assert machine(CLAIM) == f"{A} ({MACS[A]})"
    assert machine(replace(CLAIM, node="")) == f"an unknown machine ({MACS[A]})"
    assert by_inventory(CLUSTER, MACS[A]) == A and by_inventory(CLUSTER, "02:00:00:00:99:99") == ""
    twin = Node(name="twin", links=(Link(index=2, name="eth0", mac=MACS[A]),))
    assert by_inventory(replace(CLUSTER, nodes=(*CLUSTER.nodes, twin)), MACS[A]) == ""


def test_runs_of_arping_are_found_and_named_by_file_and_line():
    runs = (Arping(address=VIP, file="a.txt", line=3), Arping(address="10.0.0.1", file="a.txt"))
    analysis = Segment().ask(0).analysed(replace(CLUSTER, arpings=runs))
    assert arpings_of(analysis, VIP) == runs[:1] and where_printed(runs) == "a.txt, line 3 and a.txt, line 1"


def test_times_are_told_to_the_millisecond():
    assert moment(1_700_000_000_123_456_789) == "22:13:20.123 UTC"
