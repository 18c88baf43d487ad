"""Conversations from lanes: both directions, all points, and both sides of a translation, where that is certain."""

from __future__ import annotations

from dataclasses import replace

from tests.correlate.large.lanes import Lane, found

CLIENT, VIP, POD, OTHER = 1, 2, 3, 4
ASK = Lane(0, CLIENT, VIP)
ANSWER = Lane(0, VIP, CLIENT, sport=80, dport=40_000)


def there(lane: Lane, **changed) -> Lane:
    """The same lane at the second capture, where it saw nothing first."""
    return replace(lane, source=1, firsts=0, **changed)


def test_two_directions_at_two_points_are_one_conversation():
    one = found(ASK, ANSWER, there(ASK), there(ANSWER, packets=9), pairs=[(0, 2), (1, 3)])
    assert len(one) == 1 and one.of_lane.tolist() == [0, 0, 0, 0]
    assert (one.sums["packets"][0], one.different[0], one.points[0], one.variants[0]) == (39, 20, 2, 1)
    assert one.both_ways[0] and not one.http[0]


def test_one_direction_alone_is_told():
    assert not found(ASK, there(ASK), pairs=[(0, 1)]).both_ways[0]


def test_other_ports_and_protocols_are_other_conversations():
    assert len(found(ASK, replace(ASK, sport=40_001), replace(ASK, proto=17))) == 3


def test_what_shared_packets_across_a_translation_is_one_conversation():
    one = found(
        ASK, ANSWER, there(ASK, dst=POD, dport=8080), there(ANSWER, src=POD, sport=8080), pairs=[(0, 2), (3, 1)]
    )
    assert len(one) == 1 and one.variants[0] == 2 and one.both_ways[0] and one.points[0] == 2


def test_a_chain_of_translations_is_one_conversation():
    lanes = (ASK, there(ASK, dst=POD), replace(ASK, source=2, src=OTHER, dst=POD, sport=50_000, firsts=0))
    assert found(*lanes, pairs=[(0, 1), (1, 2)]).variants.tolist() == [3]


def test_two_candidates_at_one_point_are_joined_with_neither():
    lanes = (ASK, there(ASK, dst=POD), there(ASK, dst=OTHER))
    assert found(*lanes, pairs=[(0, 1), (0, 2)]).variants.tolist() == [1, 1, 1]
    assert found(*lanes, pairs=[(1, 0), (2, 0)]).variants.tolist() == [1, 1, 1]


def test_conversations_that_share_nothing_stay_apart():
    assert found(ASK, there(ASK, dst=POD)).variants.tolist() == [1, 1]


def test_no_lanes_are_no_conversations():
    assert len(found()) == 0
