"""vip-conflict: two machines answer one question; copies, bonds, routers that share an address and handovers are none."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from captools.findings.vip_conflict import contested
from captools.model.arp import Arping
from captools.model.cluster import Link
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from tests.correlate.arp_segment import CLUSTER, MACS, NO_FACTS, ROUTER, VIP, A, B, Segment, node
from tests.correlate.material import FINE, S1, S2, S8, S13, material

RULE, CASE = "vip-conflict", "vip-conflict"
RUN = Arping(address=VIP, sent=2, received=4, macs=(MACS[A], MACS[B], MACS[B], MACS[A]), file="arping.txt")


def fought_for(times: int = 2, **options) -> Segment:
    talk = Segment(**options).chatter(1000 * times + 2000)
    for number in range(times):
        talk.resolve(1000 * number, A).answer(1000 * number + 0.3, B)
    return talk


def test_it_names_both_nodes_and_counts_the_questions(fired):
    (one,) = fired(RULE, CASE)
    assert (one.severity, one.confidence) == (Severity.ERROR, Confidence.PROVEN)
    assert one.subject["vip"] == VIP and one.subject["name"] == "kube-system/cilium-ingress"
    for words in ("2 machines answer ARP", "k8s-w1 (0a:be:74:14:e2:32)", "k8s-ctr (0a:99:3c:92:1c:ad)"):
        assert words in one.statement, words
    # arping asks three times, the kernel for the calls.
    told = re.search(r"(\d+) questions had an answer from each", one.statement)
    assert told is not None and int(told[1]) >= 3
    assert {proof.point for proof in one.evidence} == {"router/eth1", "k8s-ctr/eth1", "k8s-w1/eth1"}
    assert "cilium-l2announce" in one.remedy and fired("vip-moved", CASE) == []


@pytest.mark.parametrize(
    "name", [S1, S2, S8, S13, FINE, "s4-vip-unanswered", "s5-vip-failover", "s5b-vip-failover-silent"]
)
def test_it_is_silent_where_one_answers_at_a_time(fired, name):
    assert fired(RULE, name) == []


@pytest.mark.parametrize("left", [("router/eth1",), ("k8s-w1/eth1", "k8s-ctr/eth1"), ("router/eth1", "k8s-w1/eth1")])
def test_with_points_withheld_it_says_what_is_left_to_see(fired, left):
    one = material(CASE)
    for point in left:
        one = one.without(point)
    found = fired(RULE, one.analysed())
    assert len(found) == (0 if left == ("router/eth1", "k8s-w1/eth1") else 1)
    assert all(each.confidence is Confidence.PROVEN and "k8s-w1" in each.statement for each in found)


def test_the_same_answer_at_two_points_is_one(fired):
    talk = Segment().chatter(5000)
    for number in range(4):
        talk.resolve(1000 * number, A)
    assert fired(RULE, talk.analysed()) == []


def test_a_second_answer_of_the_same_machine_is_no_conflict(fired):
    # As in the field's own log: 2 packets transmitted, 3 packets received, one MAC address.
    talk = Segment().resolve(0, A).answer(0.4, A).resolve(1000, A).answer(1000.4, A).chatter(3000)
    assert fired(RULE, talk.analysed()) == []


def test_two_cards_of_one_machine_are_no_conflict(fired):
    cards = (*node(A).links, Link(index=3, name="eth2", mac=MACS[B]))
    cluster = replace(CLUSTER, nodes=(node(ROUTER), node(A, links=cards)))
    assert fired(RULE, fought_for().analysed(cluster)) == []


@pytest.mark.parametrize("mac", ["00:00:5e:00:01:01", "00:00:0c:9f:f0:01"])
def test_a_virtual_router_beside_the_machine_that_plays_it_is_no_conflict(fired, mac):
    assert fired(RULE, fought_for(macs={**MACS, B: mac}).analysed()) == []


def test_proxy_arp_is_no_conflict(fired):
    talk = fought_for().resolve(3000, B, target="192.168.10.100")
    assert fired(RULE, talk.analysed()) == []


def test_a_handover_caught_in_the_act_is_no_conflict(fired):
    talk = Segment().resolve(0, A).answer(0.4, B).resolve(1000, B).resolve(2000, B).chatter(4000)
    assert fired(RULE, talk.analysed()) == []


def test_one_question_alone_is_less_sure(fired):
    (one,) = fired(RULE, fought_for(1).analysed())
    assert one.confidence is Confidence.LIKELY and "1 question had" in one.statement


def test_unknown_machines_make_it_less_sure(fired):
    (one,) = fired(RULE, fought_for().analysed(replace(CLUSTER, nodes=())))
    assert one.confidence is Confidence.LIKELY and "an unknown machine" in one.statement
    (one,) = fired(RULE, fought_for(1).analysed(replace(CLUSTER, nodes=())))
    assert one.confidence is Confidence.POSSIBLE


def test_an_address_that_is_no_load_balancers_is_not_its_business(fired):
    talk = Segment().chatter(4000)
    for number in range(3):
        talk.resolve(1000 * number, A, target="192.168.10.7").answer(1000 * number + 0.3, B, target="192.168.10.7")
    assert fired(RULE, talk.analysed()) == []


def test_without_a_list_of_services_it_is_only_possible_and_only_if_seen_again(fired):
    (one,) = fired(RULE, fought_for().analysed(NO_FACTS))
    assert one.confidence is Confidence.POSSIBLE and "load-balancer address" not in one.statement
    assert fired(RULE, fought_for(1).analysed(NO_FACTS)) == []


def test_what_is_fought_for_does_not_move(fired):
    analysis = fought_for(3).analysed()
    assert fired("vip-moved", analysis) == [] and all(
        contested(analysis, one) for one in analysis.arp if one.address == VIP
    )


def test_arpings_word_alone_is_likely(fired):
    quiet = Segment().chatter(2000)
    (one,) = fired(RULE, quiet.analysed(replace(CLUSTER, arpings=(RUN,))))
    assert one.confidence is Confidence.LIKELY and f"{A} ({MACS[A]}) and {B} ({MACS[B]})" in one.statement
    same = replace(RUN, macs=(MACS[A],) * 3, received=3)
    for other in (
        same,
        replace(RUN, received=2),
        replace(RUN, address="10.0.0.9"),
        replace(RUN, macs=(MACS[A], MACS[B])),
    ):
        assert fired(RULE, quiet.analysed(replace(CLUSTER, arpings=(other,)))) == []


def test_the_fields_own_arping_log_is_no_conflict(fired, shared):
    from captools.inventory.read import read_inventory

    runs = read_inventory({"arping.txt": (shared / "field-logs/arping.txt").read_text()}).arpings
    assert len(runs) == 2 and fired(RULE, Segment().chatter(1000).analysed(replace(CLUSTER, arpings=runs))) == []
