"""Directions: by TTL, by the two ways of a conversation, or not at all."""

from __future__ import annotations

import pytest

from captools.correlate.clocks.directions import crossings
from captools.correlate.clocks.names import clock_codes, ticks
from captools.correlate.same.match import match
from tests.correlate.talk import Ends, get, read, reply

LINK = Ends("10.0.0.1", 4000, "10.0.0.2")
WAY_US = 300


def seen(frames, *, us=0, ttl=64):
    """The same frames some time later, with another TTL (the header checksum is not looked at)."""
    return [(at + us * 1_000, frame[:22] + bytes((ttl,)) + frame[23:]) for at, frame in frames]


def found(**points):
    """(sending point, receiving point) of every crossing."""
    rows = read(**points).rows()
    told = crossings(rows, match(rows), clock_codes(rows)[1], ticks(rows))
    return [(rows.point(int(a)), rows.point(int(b))) for a, b in zip(told.sent, told.received, strict=True)]


ASKED, ANSWERED = [LINK.ask(0, get())], [LINK.answer(1, reply())]


@pytest.mark.parametrize("ahead_us", [0, 900_000, -900_000])
def test_the_lower_ttl_is_the_later_sighting_whatever_the_clocks_say(ahead_us):
    assert found(a__eth0=seen(ASKED, ttl=64), b__eth0=seen(ASKED, us=ahead_us, ttl=63)) == [("a/eth0", "b/eth0")]
    assert found(a__eth0=seen(ASKED, ttl=63), b__eth0=seen(ASKED, us=ahead_us, ttl=64)) == [("b/eth0", "a/eth0")]


@pytest.mark.parametrize("ahead_us", [0, 700, -700, 900_000, -900_000])
def test_with_equal_ttls_question_and_answer_tell_who_is_nearer_the_client(ahead_us):
    client = seen(ASKED) + seen(ANSWERED, us=WAY_US)
    server = seen(ASKED, us=WAY_US + ahead_us) + seen(ANSWERED, us=ahead_us)
    ways = [("a/eth0", "b/eth0"), ("b/eth0", "a/eth0")]
    assert sorted(found(a__eth0=client, b__eth0=server)) == ways
    assert sorted(found(a__eth0=server, b__eth0=client)) == ways


def test_with_equal_ttls_one_direction_says_nothing():
    assert found(a__eth0=seen(ASKED), b__eth0=seen(ASKED, us=WAY_US)) == []


def test_answers_too_far_from_their_questions_for_even_clocks_say_nothing():
    late = [LINK.answer(60_000, reply())]
    assert found(a__eth0=seen(ASKED) + seen(late, us=WAY_US), b__eth0=seen(ASKED, us=WAY_US) + seen(late)) == []


def test_sightings_of_one_node_cross_nothing():
    assert found(a__eth0=seen(ASKED, ttl=64), a__eth1=seen(ASKED, us=5, ttl=63)) == []
