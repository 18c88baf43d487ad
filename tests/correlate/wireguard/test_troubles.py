"""Troubles: a wrong key, a blocked port, a closed one and a lost answer look different, and doubt is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.cluster import Route
from captools.model.evidence import Confidence
from captools.model.session import ToolCounts
from captools.model.wireguard import Trouble
from captures.build import icmp_error, ipv4
from tests.correlate.sealed_talk import (
    CLUSTER,
    EAST,
    WEST,
    Frames,
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

TRIES: Frames = [begin(0, 1), begin(5_100, 2), begin(10_300, 3)]
OTHERS: Frames = [carried(ping(seq, src=EAST, dst=WEST), ms) for seq, ms in enumerate((-100, 6_000, 17_000))]
RETURNS: Frames = [carried(ping(seq, src=WEST, dst=EAST), ms) for seq, ms in enumerate((-99, 6_001, 17_001))]


def only(found: Talk) -> Trouble:
    (one,) = [one for pair in found.encryption().pairs for one in pair.troubles]
    return one


def troubles(found: Talk) -> list[str]:
    return [one.kind for pair in found.encryption().pairs for one in pair.troubles]


def test_initiations_that_reach_the_peer_and_are_never_answered_are_ignored():
    found = only(talk(east__eth0=TRIES + OTHERS, west__eth0=TRIES + OTHERS))
    assert (found.kind, found.initiator, found.responder, found.initiations) == ("ignored", "east", "west", 3)
    assert found.confidence is Confidence.LIKELY and "key" in found.reason
    assert {proof.point for proof in found.evidence} == {"west/eth0"}  # where it was seen to arrive


def test_initiations_that_never_come_although_other_packets_do_are_blocked():
    found = only(talk(east__eth0=TRIES + OTHERS, west__eth0=OTHERS))
    assert (found.kind, found.confidence) == ("blocked", Confidence.LIKELY) and "51871" in found.reason


def test_where_nothing_comes_through_the_port_alone_is_not_blamed():
    before: Frames = [carried(ping(8, src=EAST, dst=WEST), -5_000)]
    found = only(talk(east__eth0=TRIES + OTHERS, west__eth0=before + RETURNS))
    assert (found.kind, found.confidence) == ("unreached", Confidence.LIKELY) and "the whole way" in found.reason


def test_a_peer_that_saw_nothing_may_not_have_been_listening_unless_its_tool_says_so():
    found = talk(east__eth0=TRIES + OTHERS, west__eth0=RETURNS[:1])
    assert only(found).kind == "unknown"
    ran = found.but("west/eth0", started_ns=at(-1_000), stopped_ns=at(60_000))
    assert only(ran).kind == "unreached"


def test_a_peer_that_was_not_captured_leaves_it_open():
    assert only(talk(east__eth0=TRIES + OTHERS)).kind == "unknown"


@pytest.mark.parametrize(
    "changes", [{"counts": ToolCounts(captured=1, received=2, dropped=1)}, {"user_filter": "icmp"}, {"match": "x"}]
)
def test_a_peer_whose_capture_is_weak_proves_no_blocked_port(changes):
    found = talk(east__eth0=TRIES + OTHERS, west__eth0=OTHERS).but("west/eth0", **changes)
    assert only(found).kind == "unknown"


def test_a_weak_capture_of_the_peer_makes_silence_possible_only():
    found = talk(east__eth0=TRIES + OTHERS, west__eth0=TRIES).but("west/eth0", user_filter="udp")
    assert (only(found).kind, only(found).confidence) == ("ignored", Confidence.POSSIBLE)


def test_port_unreachable_proves_that_nobody_listens():
    quoted = TRIES[0][1][14:]  # the whole initiation, behind its Ethernet header
    refusal = carried(ipv4(icmp_error(quoted, kind=3, code=3), src=WEST, dst=EAST, proto=1), 1)
    found = only(talk(east__eth0=[*TRIES, *OTHERS, refusal]))
    assert (found.kind, found.confidence) == ("closed", Confidence.PROVEN)


def test_an_error_about_something_else_is_none_about_the_handshake():
    quoted = data(0, 0, src="192.168.10.77")[1][14:]
    refusal = carried(ipv4(icmp_error(quoted, kind=3, code=3), src=WEST, dst=EAST, proto=1), 1)
    assert only(talk(east__eth0=[*TRIES, *OTHERS, refusal])).kind == "unknown"


def test_an_answer_that_never_comes_home_is_lost():
    tries: Frames = [begin(0, 1), begin(5_100, 2)]
    answers: Frames = [respond(1, 8, 1), respond(5_101, 9, 2)]
    found = only(talk(east__eth0=tries + OTHERS, west__eth0=[*tries, *answers, *OTHERS]))
    assert found.kind == "answer-lost" and {proof.point for proof in found.evidence} == {"west/eth0"}


def test_handshakes_that_work_are_no_trouble():
    assert troubles(talk(east__eth0=[begin(0, 1), respond(1, 9, 1), *OTHERS])) == []


def test_a_lost_initiation_whose_retry_works_is_no_trouble():
    assert troubles(talk(east__eth0=[begin(0, 1), begin(5_100, 2), respond(5_101, 9, 2), *OTHERS])) == []


def test_it_works_again_once_the_other_side_began():
    later: Frames = [begin(9_000, 5, src=WEST, dst=EAST), respond(9_001, 6, 5, src=EAST, dst=WEST)]
    assert troubles(talk(east__eth0=[begin(0, 1), *later, *OTHERS])) == []


def test_an_initiation_whose_answer_may_still_come_is_no_trouble():
    assert troubles(talk(east__eth0=[begin(0, 1), carried(ping(1, src=EAST, dst=WEST), 900)])) == []


def test_handshakes_that_never_come_beside_data_that_do_are_filtered():
    before: Frames = [data(-500, 7), data(2_000, 8), data(9_000, 9)]
    found = only(talk(east__eth0=TRIES + before, west__eth0=before + RETURNS))
    assert (found.kind, found.confidence, found.unseen_at) == ("filtered", Confidence.LIKELY, ("west/eth0",))


def test_a_new_sessions_first_data_show_that_an_answer_took_another_way():
    assert (
        troubles(talk(east__eth0=[*TRIES, data(10_302, 0), data(10_900, 1), *OTHERS], west__eth0=TRIES + OTHERS)) == []
    )


def test_data_of_the_session_before_show_no_such_thing():
    assert only(talk(east__eth0=[*TRIES, data(10_302, 41), *OTHERS], west__eth0=TRIES + OTHERS)).kind == "ignored"


def test_one_initiation_that_is_never_repeated_is_possible_only():
    one: Frames = TRIES[:1]
    found = only(talk(east__eth0=one + OTHERS, west__eth0=one + OTHERS))
    assert (found.kind, found.initiations, found.confidence) == ("ignored", 1, Confidence.POSSIBLE)


def test_a_missing_tail_behind_the_last_initiation_hides_no_answer_to_the_one_before():
    tail = {"counts": ToolCounts(captured=6, received=7, dropped=0)}
    found = only(talk(east__eth0=TRIES + OTHERS, west__eth0=TRIES + OTHERS).but("west/eth0", **tail))
    assert (found.kind, found.confidence) == ("ignored", Confidence.LIKELY)


def test_a_missing_tail_that_begins_before_the_last_initiation_proves_nothing():
    tail = {"counts": ToolCounts(captured=2, received=9, dropped=0)}
    found = talk(east__eth0=TRIES + OTHERS, west__eth0=OTHERS[:2]).but("west/eth0", **tail)
    assert only(found).kind == "unknown"


def test_a_card_that_never_showed_the_nodes_own_address_is_not_the_one_it_is_reached_by():
    elsewhere: Frames = [
        carried(ping(seq, src="10.0.2.15", dst="10.0.2.2"), ms) for seq, ms in ((1, -200), (2, 17_500))
    ]
    assert only(talk(east__eth0=TRIES + OTHERS, west__eth5=elsewhere)).kind == "unknown"


def test_where_the_nodes_own_route_leads_by_another_card_nothing_is_blocked():
    west = replace(CLUSTER.nodes[1], routes=(Route(prefix="192.168.10.0/24", dev="eth7"),))
    cluster = replace(CLUSTER, nodes=(CLUSTER.nodes[0], west))
    found = only(talk(cluster, east__eth0=TRIES + OTHERS, west__eth0=OTHERS))
    assert found.kind == "unknown" and "west/eth7" in found.reason
    # Nor where it led there at the end of the capture only.
    west = replace(west, routes=(replace(west.routes[0], dev="eth0"),), routes_at_end=west.routes)
    found = only(talk(replace(cluster, nodes=(CLUSTER.nodes[0], west)), east__eth0=TRIES + OTHERS, west__eth0=OTHERS))
    assert found.kind == "unknown" and "west/eth7" in found.reason


def test_the_farthest_point_is_behind_the_router_that_lowered_the_ttl():
    far: Frames = [
        datagram(1, TRIES[0][1][42:], ttl=63),
        *(carried(ping(9, src=EAST, dst="10.9.9.9"), ms) for ms in (2, 17_900)),
    ]
    found = only(talk(east__eth0=TRIES[:1] + OTHERS, router__eth1=TRIES[:1], router__eth2=far))
    assert found.last_seen == "router/eth2"
