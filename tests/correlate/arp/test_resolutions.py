"""Resolutions: everything ARP told of an address, and of which addresses anything is told."""

from __future__ import annotations

from dataclasses import replace

from captools.correlate.arp.resolutions import MOST_ADDRESSES, resolutions
from captools.model.cluster import Cluster
from tests.correlate.arp_segment import (
    ADDRESSES,
    CLUSTER,
    MACS,
    NO_FACTS,
    POINTS,
    ROUTER,
    SECOND_VIP,
    VIP,
    A,
    B,
    Segment,
)
from tests.correlate.material import S8, material


def test_it_tells_who_asked_and_which_node_answered():
    one = Segment().resolve(0, A).resolve(1000, A).chatter(3000).resolution()
    (asker,), (claim,) = one.askers, one.claims
    assert (asker.node, asker.address, asker.asks, asker.unanswered) == (ROUTER, ADDRESSES[ROUTER], 2, 0)
    assert (claim.node, claim.interface, claim.mac, claim.answers, claim.gratuitous) == (A, "eth1", MACS[A], 2, 0)
    assert one.points == tuple(sorted(POINTS)) and not (one.gaps or one.doubled or one.silent)


def test_the_same_frames_at_three_points_are_counted_once():
    one = Segment().ask(0).ask(1000).ask(2000).announce(2100, B).chatter(3500).resolution()
    assert one.askers[0].asks == 3 and one.claims[0].gratuitous == 1


def test_an_address_that_only_a_scan_asked_for_is_not_told_of():
    scan = Segment().chatter(3000)
    for number in range(1, 100):
        scan.ask(number, target=f"192.168.10.{number}")
    assert {one.address for one in scan.analysed().arp} == set()


def test_of_ever_so_many_addresses_the_load_balancers_come_first():
    many = Segment().chatter(3000).ask(2000, target=VIP)
    for number in range(MOST_ADDRESSES + 40):
        many.resolve(number * 10, A, target=f"192.168.11.{number}")
    told = [one.address for one in many.analysed().arp]
    assert len(told) == MOST_ADDRESSES and told[0] == VIP


def test_one_address_on_two_segments_is_two_stories():
    # 10.0.2.2 answers on every machine's own uplink, by another MAC address on each.
    apart = Segment(points=(f"{A}/eth1",)).resolve(0, ROUTER, A).chatter(2000)
    other = Segment(points=(f"{B}/eth1",)).answer(0, A, B).chatter(2000)
    both = Segment(points=(*apart.points, *other.points))
    both.frames.update(apart.frames)
    both.frames.update(other.frames)
    told = [one for one in both.analysed().arp if one.address == VIP]
    assert sorted(one.points for one in told) == [(f"{A}/eth1",), (f"{B}/eth1",)]
    assert all(len(one.claims) == 1 for one in told)


def test_without_any_arp_there_is_nothing_to_tell():
    rows, coverage, prover = Segment().chatter(1000).tools()
    assert resolutions(rows, CLUSTER, coverage, prover) == ()


def test_a_machine_that_answers_for_another_one_does_proxy_arp():
    of_a = Segment().resolve(0, B, target=ADDRESSES[A]).resolve(10, B).chatter(2000).resolution()
    assert of_a.claims[0].proxy and of_a.claims[0].node == B
    assert not Segment().resolve(0, A, target=ADDRESSES[A]).resolve(10, A).chatter(2000).resolution().claims[0].proxy


def test_an_asker_that_was_not_captured_leaves_silence_unexplained():
    one = Segment(points=(f"{A}/eth1",)).ask(0).ask(1000).ask(2000).chatter(4000).resolution()
    (asker,) = one.askers
    assert (asker.asks, asker.unanswered, asker.point) == (3, 0, "")
    assert [quiet.node for quiet in one.silent] == [A] and not one.every_node_silent


def test_a_capture_filter_without_arp_makes_its_point_blind():
    one = Segment().ask(0).ask(1000).ask(2000).chatter(4000).resolution(user_filter="tcp port 80 or arp[6:2] = 1")
    assert one.askers[0].unanswered == 0 and "filter" in one.askers[0].blind and one.silent == ()
    seen = Segment().ask(0).ask(1000).ask(2000).chatter(4000).resolution(user_filter="arp or icmp")
    assert seen.askers[0].unanswered == 3 and len(seen.silent) == 2 and seen.every_node_silent


def test_without_an_inventory_the_asker_is_known_by_its_frames():
    one = Segment(points=(f"{ROUTER}/eth1",)).ask(0).ask(1000).ask(2000).chatter(4000)
    told = replace(CLUSTER, nodes=())
    (asker,) = one.resolution(told).askers
    assert (asker.point, asker.told, asker.unanswered, asker.node) == (f"{ROUTER}/eth1", False, 3, "")


def test_the_lab_says_who_has_its_addresses():
    told = {one.address: one.claims[0].node for one in material(S8).analysed().arp if one.claims}
    assert told["192.168.10.212"] == "k8s-w1" and told["192.168.20.100"] == "k8s-w0"


def test_no_facts_and_no_answer_leave_only_what_somebody_tried():
    assert Segment().ask(0, target=SECOND_VIP).chatter(2000).analysed(NO_FACTS).arp == ()
    (one,) = Segment().ask(0).call(1, A).chatter(2000).analysed(Cluster()).arp
    assert one.tried and not one.spoke and one.address == VIP
