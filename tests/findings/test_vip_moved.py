"""vip-moved: who had the address until when, how the new one made it known, how long nobody answered, and who felt it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.findings.vip_moved import explains
from captools.model.arp import Arping
from captools.model.cluster import Link
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from captools.model.session import ToolCounts
from tests.correlate.arp_segment import CLUSTER, MACS, NO_FACTS, ROUTER, VIP, A, B, Segment, node
from tests.correlate.material import FINE, S1, S2, S8, S13, material

RULE, CASE, QUIETLY = "vip-moved", "s5-vip-failover", "s5b-vip-failover-silent"
SYN_ACK = 0x12


def moved(**options) -> Segment:
    return Segment(**options).chatter(9000).resolve(0, A).ask(1000).ask(2000).announce(3000, B).resolve(4000, B)


def test_it_names_both_nodes_the_gap_and_the_conversations_that_broke(fired):
    (one,) = fired(RULE, CASE)
    assert (one.severity, one.confidence) == (Severity.WARNING, Confidence.PROVEN)
    assert one.subject == {"vip": VIP, "name": "kube-system/cilium-ingress", "node": "k8s-ctr"}
    for words in ("k8s-w1 (0a:be:74:14:e2:32) answered", "k8s-ctr (0a:99:3c:92:1c:ad) has it",
                  "announced itself by 1 gratuitous ARP packet", "1 conversation got its answer late",
                  "1 conversation was reset by the machine that has the address now"):  # fmt: skip
        assert words in one.statement, words
    # Cilium's name for the lease of a Service.
    assert "get lease cilium-l2announce-kube-system-cilium-ingress -o yaml" in one.remedy


def test_the_gap_is_the_one_that_the_scenario_made(fired):
    # S5: the leader vanishes 1.2 s after the first call and the heir announces itself at 3.2 s.
    (gap,) = [gap for one in material(CASE).analysed().arp if one.address == VIP for gap in one.gaps]
    assert gap.until_ns is not None and gap.since_ns is not None
    assert 1.5e9 < gap.until_ns - gap.first_ns <= 2.3e9 <= gap.until_ns - gap.first_ns + 1e9
    assert gap.until_ns - gap.since_ns >= 2.0e9


def test_its_frames_are_the_claims_of_both_at_the_point_of_each(fired):
    (one,) = fired(RULE, CASE)
    assert {"router/eth1", "k8s-w1/eth1", "k8s-ctr/eth1"} <= {proof.point for proof in one.evidence}


def test_without_gratuitous_arp_it_says_so(fired):
    (one,) = fired(RULE, QUIETLY)
    assert "without gratuitous ARP" in one.statement and one.confidence is Confidence.PROVEN
    assert "late" in one.statement and "reset" in one.statement


def test_what_it_explains_no_other_rule_tells_of(fired):
    analysis = material(CASE).analysed()
    broken = [path for path in analysis.paths if explains(analysis, path)]
    assert len(broken) == 2 and all(path.flow.dst == VIP for path in broken)
    for other in ("retransmissions", "asymmetric-path", "lost-between-points", "vip-unanswered", "vip-conflict"):
        assert fired(other, CASE) == [] and fired(other, QUIETLY) == []


@pytest.mark.parametrize("name", [S1, S2, S8, S13, FINE, "s4-vip-unanswered", "vip-conflict"])
def test_it_is_silent_where_nothing_moved(fired, name):
    assert fired(RULE, name) == []


@pytest.mark.parametrize("left", [("router/eth1",), ("k8s-w1/eth1", "k8s-ctr/eth1"), ("router/eth1", "k8s-w1/eth1")])
def test_with_points_withheld_it_says_less_and_nothing_wrong(fired, left):
    one = material(CASE)
    for point in left:
        one = one.without(point)
    found = fired(RULE, one.analysed())
    if left == ("router/eth1", "k8s-w1/eth1"):
        # Only the heir's own interface is left: nobody saw the old leader answer, but arping's text.
        assert [(each.confidence, each.evidence) for each in found] in ([], [(Confidence.LIKELY, ())])
        return
    (each,) = found
    assert "k8s-w1" in each.statement and "k8s-ctr" in each.statement
    assert not {proof.point for proof in each.evidence} & set(left)
    if left == ("router/eth1",):  # nobody who asked was listened to: no question is called unanswered
        assert "ARP question" not in each.statement


def test_several_moves_are_one_finding(fired):
    talk = moved().ask(5000).ask(6000).announce(7000, A).resolve(8000, A)
    (one,) = fired(RULE, talk.analysed())
    assert "moved 2 times" in one.statement and one.subject["node"] == A


def test_a_handover_that_nobody_felt_is_still_told(fired):
    talk = Segment().chatter(5000).resolve(0, A).announce(2000, B).resolve(3000, B)
    (one,) = fired(RULE, talk.analysed())
    assert "Nobody asked or called in between" in one.statement


def test_a_question_that_both_answered_in_the_act_is_a_move(fired):
    talk = Segment().chatter(9000).resolve(0, A).resolve(1000, A).answer(1000.3, B).resolve(2000, B).resolve(3000, B)
    (one,) = fired(RULE, talk.analysed())
    assert one.subject["node"] == B and fired("vip-conflict", talk.analysed()) == []


def test_another_card_of_the_same_machine_is_no_move(fired):
    # A bond, a bridge or ARP flux: the machine is the same.
    cards = (*node(A).links, Link(index=3, name="eth2", mac=MACS[B]))
    cluster = replace(CLUSTER, nodes=(node(ROUTER), node(A, links=cards)))
    assert fired(RULE, moved().analysed(cluster)) == []


@pytest.mark.parametrize("mac", ["00:00:5e:00:01:01", "00:00:0c:07:ac:05", "00:07:b4:00:01:01"])
def test_addresses_that_routers_share_do_not_move(fired, mac):
    assert fired(RULE, moved(macs={**MACS, B: mac}).analysed()) == []


def test_a_router_that_answers_for_others_does_not_take_over(fired):
    talk = moved().resolve(5000, B, target="192.168.10.100").resolve(6000, B, target="192.168.10.100")
    assert fired(RULE, talk.analysed()) == []


def test_an_address_that_is_no_load_balancers_may_move_as_it_likes(fired):
    talk = Segment().chatter(5000).resolve(0, A, target="192.168.10.7").announce(2000, B, target="192.168.10.7")
    assert fired(RULE, talk.analysed()) == []


def test_what_it_does_not_tell_of_it_does_not_explain():
    talk = Segment().chatter(9000).resolve(0, A, target="192.168.10.7").announce(3000, B, target="192.168.10.7")
    analysis = talk.call(1500, A, target="192.168.10.7").analysed()
    (path,) = (one for one in analysis.paths if one.flow.dst == "192.168.10.7")
    assert not explains(analysis, path)
    assert explains(replace(analysis, cluster=replace(CLUSTER, pools=("192.168.10.7/32",))), path)


def test_without_a_list_of_services_it_is_only_possible(fired):
    (one,) = fired(RULE, moved().analysed(NO_FACTS))
    assert one.confidence is Confidence.POSSIBLE and "an unknown machine" in one.statement


def test_unknown_machines_make_it_likely(fired):
    (one,) = fired(RULE, moved().analysed(replace(CLUSTER, nodes=(node(ROUTER), node(A)))))
    assert one.confidence is Confidence.LIKELY and f"an unknown machine ({MACS[B]})" in one.statement


def test_a_filter_without_answers_leaves_questions_out_of_it(fired):
    (one,) = fired(RULE, moved().analysed(user_filter="arp[6:2] = 1 or arp[6:2] = 2"))
    assert "ARP question" not in one.statement
    (one,) = fired(RULE, moved().analysed(counts=ToolCounts()))
    assert "2 ARP questions" in one.statement


def test_packets_in_the_gap_are_told_apart_by_what_became_of_them(fired):
    talk = moved().call(1500, A, sport=1).call(1600, A, sport=2).call(4500, B, sport=2)
    talk.call(4501, B, sport=2, back=True, flags=SYN_ACK)
    (one,) = fired(RULE, talk.analysed())
    assert (
        "1 conversation got no answer any more" in one.statement
        and "1 conversation got its answer late" in one.statement
    )


def test_arpings_word_alone_is_likely(fired):
    run = Arping(address=VIP, sent=4, received=3, macs=(MACS[A], MACS[B], MACS[B]), file="arping.txt")
    quiet = Segment().chatter(2000)
    (one,) = fired(RULE, quiet.analysed(replace(CLUSTER, arpings=(run,))))
    assert one.confidence is Confidence.LIKELY and f"from {A} ({MACS[A]}) to {B} ({MACS[B]})" in one.statement
    for other in (replace(run, macs=(MACS[A],) * 3), replace(run, received=5), replace(run, address="10.0.0.9"),
                  replace(run, macs=(MACS[A], MACS[B], MACS[A]))):  # fmt: skip
        assert fired(RULE, quiet.analysed(replace(CLUSTER, arpings=(other,)))) == []


def test_a_machine_that_clients_knew_from_before_is_named(fired):
    # The common case: the capture begins long after anybody had to ask.
    talk = Segment().chatter(9000).call(100, A, sport=1).call(100.2, A, sport=1, back=True, flags=SYN_ACK)
    (one,) = fired(RULE, talk.call(1500, A, sport=2).announce(3000, B).analysed())
    assert one.confidence is Confidence.PROVEN and f"{A} ({MACS[A]}) had it until" in one.statement
    assert (
        "1 conversation got no answer any more" in one.statement
        and "at least 1.50 s and at most 2.90 s" in one.statement
    )
