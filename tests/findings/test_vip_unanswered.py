"""vip-unanswered: fires where an answer would have been seen and was not, and says nothing where it could not know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.findings.vip_unanswered import explains
from captools.model.arp import Arping
from captools.model.cluster import Cluster
from captools.model.evidence import Confidence
from captools.model.findings import Severity
from captools.model.session import ToolCounts
from tests.correlate.arp_segment import CLUSTER, NO_FACTS, POINTS, ROUTER, SECOND_VIP, VIP, A, B, Segment
from tests.correlate.material import FINE, S1, S2, S8, S13, material

RULE, CASE = "vip-unanswered", "s4-vip-unanswered"
IN_VAIN = Arping(address=VIP, sent=3, received=0, node=ROUTER, file="router__arping.txt")


def asked(times: int = 3, **options) -> Segment:
    talk = Segment(**options).chatter(1000 * times + 2000)
    for number in range(times):
        talk.ask(1000 * number + 50)
    return talk


def test_it_names_the_address_the_asker_and_the_nodes_that_kept_silent(fired):
    (one,) = fired(RULE, CASE)
    assert (one.severity, one.confidence) == (Severity.ERROR, Confidence.PROVEN)
    assert one.subject == {"vip": VIP, "name": "kube-system/cilium-ingress", "src": "192.168.10.200", "node": "router"}
    for words in ("nobody answered", "k8s-ctr (at k8s-ctr/eth1)", "k8s-w1 (at k8s-w1/eth1)", "k8s-w0 (192.168.20.100)",
                  "arping says the same (router__arping.txt"):  # fmt: skip
        assert words in one.statement, words
    assert "ciliuml2announcementpolicies" in one.remedy and "cilium-l2announce" in one.remedy


def test_its_frames_are_the_questions_where_they_left_and_where_they_were_heard(fired):
    (one,) = fired(RULE, CASE)
    assert {proof.point for proof in one.evidence} == {"router/eth1", "k8s-ctr/eth1", "k8s-w1/eth1"}
    assert set(one.coverage.points) == {"router/eth1", "k8s-ctr/eth1", "k8s-w1/eth1"}
    assert all("arp.opcode == 1" in proof.filter for proof in one.evidence)


def test_what_got_no_further_for_want_of_an_answer_is_explained(fired):
    analysis = material(CASE).analysed()
    (path,) = [path for path in analysis.paths if path.flow.dst == VIP]
    assert explains(analysis, path) and fired("lost-between-points", CASE) == []
    assert not any(explains(analysis, path) for path in analysis.paths if path.flow.dst != VIP)


@pytest.mark.parametrize("name", [S1, S2, S8, S13, FINE, "s5-vip-failover", "s5b-vip-failover-silent", "vip-conflict"])
def test_it_is_silent_where_somebody_answers(fired, name):
    assert fired(RULE, name) == []


@pytest.mark.parametrize("left", [("router/eth1",), ("router/eth1", "k8s-w1/eth1"), ("k8s-w1/eth1", "k8s-ctr/eth1")])
def test_with_points_withheld_it_is_less_sure_or_silent(fired, left):
    one = material(CASE)
    for point in left:
        one = one.without(point)
    found = fired(RULE, one.analysed())
    if left == ("router/eth1",):  # every node that could have answered was listened to
        (likely,) = found
        assert likely.confidence is Confidence.LIKELY and "nobody in the cluster" in likely.statement
        assert set(likely.coverage.points) == {"k8s-ctr/eth1", "k8s-w1/eth1"}
    elif "router/eth1" in left:
        # What is left is arping's own word for it, which stands beside the captures.
        assert [one.confidence for one in found] in ([], [Confidence.LIKELY])
        assert not any(one.evidence for one in found)
    else:
        assert [one.confidence for one in found] == [Confidence.PROVEN] and "kept silent" not in found[0].statement


def test_an_answer_that_only_the_asker_could_see_is_not_missed_elsewhere(fired):
    # Answered, each time; the points at which the answers pass were not captured.
    healthy = Segment().chatter(5000)
    for number in range(3):
        healthy.resolve(1000 * number, A)
    elsewhere = Segment(points=(f"{B}/eth1",))
    elsewhere.frames.update({point: frames for point, frames in healthy.frames.items() if point == f"{B}/eth1"})
    assert fired(RULE, healthy.analysed()) == [] and fired(RULE, elsewhere.analysed()) == []


def test_one_question_alone_may_have_been_lost(fired):
    assert fired(RULE, asked(1).analysed()) == [] and len(fired(RULE, asked(2).analysed())) == 1


def test_questions_at_the_very_end_were_not_waited_for(fired):
    talk = Segment().chatter(2000).ask(1900).ask(1950).ask(2000)
    assert fired(RULE, talk.analysed()) == []


@pytest.mark.parametrize(
    "change",
    [{"user_filter": "not arp"}, {"user_filter": "arp[6:2] = 1"}, {"user_filter": "tcp"}, {"match": "GET"},
     {"text": "tcpdump"}, {"ok": False, "error": "x"}, {"counts": ToolCounts(captured=9, received=10, dropped=0)},
     {"counts": ToolCounts(captured=9, received=9, dropped=3)}],
)  # fmt: skip
def test_where_an_answer_might_have_been_missed_it_says_nothing(fired, change):
    assert fired(RULE, asked().analysed(**change)) == []


def test_a_filter_that_keeps_arp_hides_nothing(fired):
    for expression in ("arp", "arp or tcp port 80", "not tcp port 22", f"host {VIP}"):
        (one,) = fired(RULE, asked().analysed(user_filter=expression))
        assert one.confidence is Confidence.PROVEN, expression


def test_without_the_tools_counts_it_is_likely(fired):
    (one,) = fired(RULE, asked().analysed(counts=ToolCounts()))
    assert one.confidence is Confidence.LIKELY
    (one,) = fired(RULE, asked(2).analysed(counts=ToolCounts()))
    assert one.confidence is Confidence.POSSIBLE


def test_an_address_that_is_no_load_balancers_is_not_its_business(fired):
    talk = Segment().chatter(5000)
    for number in range(3):
        talk.ask(1000 * number, target="192.168.10.77")
    assert fired(RULE, talk.analysed()) == []
    # Without any list of services it may be one; but nobody wanted to talk to it.
    assert fired(RULE, talk.analysed(replace(CLUSTER, services=()))) == []


def test_without_a_list_of_services_it_is_only_possible_and_only_if_somebody_called(fired):
    (one,) = fired(RULE, asked().call(10, A).analysed(replace(CLUSTER, services=())))
    assert one.confidence is Confidence.POSSIBLE and "no list of services" in one.statement
    assert "load-balancer address" not in one.statement


def test_an_address_of_the_pool_that_no_service_has_is_called_so(fired):
    (one,) = fired(RULE, asked().analysed(replace(CLUSTER, services=(), pools=("192.168.10.208/28",))))
    assert "of the load-balancer pool" in one.statement and one.confidence is Confidence.PROVEN
    assert "no Service has this address" in one.remedy


def test_packets_from_the_address_show_that_it_lives(fired):
    assert fired(RULE, asked().call(10, A).call(11, A, back=True, flags=0x12).analysed()) == []


def test_an_address_that_was_left_alone_is_told_with_its_last_owner(fired):
    talk = Segment().chatter(9000).resolve(0, A)
    for number in range(4):
        talk.ask(2000 + 1000 * number)
    (one,) = fired(RULE, talk.analysed())
    assert f"before that {A} did" in one.statement and "4 questions" in one.statement


def test_an_interruption_is_told_with_both_its_ends(fired):
    talk = Segment().chatter(9000).resolve(0, A)
    for number in range(4):
        talk.ask(2000 + 1000 * number)
    (one,) = fired(RULE, talk.resolve(6000, A).analysed())
    assert "until" in one.statement and A in one.statement
    assert fired(RULE, Segment().chatter(9000).resolve(0, A).ask(2000).resolve(3000, A).analysed()) == []


def test_a_takeover_is_another_rules(fired):
    talk = Segment().chatter(9000).resolve(0, A)
    for number in range(4):
        talk.ask(2000 + 1000 * number)
    moved = talk.announce(6000, B).analysed()
    assert fired(RULE, moved) == [] and len(fired("vip-moved", moved)) == 1


def test_arpings_word_alone_is_likely_and_has_no_frames(fired):
    quiet = Segment().chatter(2000)
    (one,) = fired(RULE, quiet.analysed(replace(CLUSTER, arpings=(IN_VAIN,))))
    assert one.confidence is Confidence.LIKELY and one.evidence == () and "router__arping.txt, line 1" in one.statement
    (one,) = fired(RULE, quiet.analysed(Cluster(arpings=(IN_VAIN,))))
    assert one.confidence is Confidence.POSSIBLE
    answered = replace(IN_VAIN, received=1, macs=("02:00:00:00:00:01",))
    other = replace(IN_VAIN, address=SECOND_VIP)
    for runs in (
        (answered,),
        (IN_VAIN, answered),
        (other,),
        (replace(IN_VAIN, sent=1),),
        (replace(IN_VAIN, sent=None),),
    ):
        assert fired(RULE, quiet.analysed(replace(CLUSTER, arpings=runs))) == []


def test_arping_is_not_repeated_where_packets_say_otherwise(fired):
    talk = Segment().resolve(0, A).chatter(2000)
    assert fired(RULE, talk.analysed(replace(CLUSTER, arpings=(IN_VAIN,)))) == []


def test_nothing_is_said_of_an_empty_segment(fired):
    assert fired(RULE, Segment().chatter(1000).analysed(NO_FACTS)) == [] and len(POINTS) == 3
