"""Contradictions: a place twice, or a TTL that rises again on one clock."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.same.split import SLACK_NS, contradicting, cut
from captools.correlate.sightings import ABSENT


def columns(*sightings: tuple[int, int, int, int, int], ident: int = 0) -> tuple[np.ndarray, ...]:
    """(group, place, node, TTL, time) of each sighting as columns; ``ident`` is the IP id of all."""
    group, place, node, ttl, times = (np.array(column, np.int64) for column in zip(*sightings, strict=True))
    return group, place, node, ttl, np.full(len(group), ident), times


def test_a_packet_that_falls_through_its_points_contradicts_nothing():
    one = columns((0, 1, 1, 64, 0), (0, 2, 1, 63, 10), (0, 3, 2, 62, 20), (1, 1, 1, 64, 30))
    assert contradicting(*one).tolist() == []


def test_one_place_twice_is_two_packets():
    one = columns((0, 1, 1, 64, 0), (0, 2, 2, 63, 5), (0, 1, 1, 64, 10), (0, 2, 2, 63, 15), (1, 1, 1, 64, 20))
    assert contradicting(*one).tolist() == [0]
    assert cut(*one).tolist() == [0, 0, 1, 1, 2]


def test_a_ttl_that_rises_on_one_clock_is_another_packet():
    later = 10 * SLACK_NS
    one = columns((0, 2, 1, 62, 0), (0, 1, 1, 64, later), (0, 3, 1, 61, later + 5))
    assert contradicting(*one).tolist() == [0]
    assert cut(*one).tolist() == [0, 1, 1]


def test_a_ttl_that_rises_from_one_clock_to_another_says_only_that_they_differ():
    one = columns((0, 2, 2, 62, 0), (0, 1, 1, 64, 10 * SLACK_NS))
    assert contradicting(*one).tolist() == []


def test_taps_of_one_node_may_stamp_a_little_out_of_order():
    one = columns((0, 2, 1, 63, 0), (0, 1, 1, 64, SLACK_NS // 2))
    assert contradicting(*one).tolist() == []


def test_text_logs_without_ttl_say_nothing_of_it():
    one = columns((0, 1, 1, ABSENT, 0), (0, 2, 1, 64, 10 * SLACK_NS), (0, 3, 1, ABSENT, 20 * SLACK_NS))
    assert contradicting(*one).tolist() == []


@pytest.mark.parametrize(("ident", "ns", "packets"), [
    (7, SLACK_NS, 1), (7, SLACK_NS + 1, 2), (0, SLACK_NS, 2), (ABSENT, SLACK_NS, 2),
])  # fmt: skip
def test_a_mirror_port_shows_a_packet_twice_in_a_moment(ident, ns, packets):
    one = columns((0, 1, 1, 64, 0), (0, 1, 1, 64, ns), ident=ident)
    assert len(contradicting(*one)) == packets - 1
    assert len(set(cut(*one).tolist())) == packets
