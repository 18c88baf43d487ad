"""Stuck bytes: repeated and never acknowledged; how far they came, and how large what arrived was."""

from __future__ import annotations

import pytest

from captools.model.paths import Way
from captools.model.tcp import Stuck
from tests.correlate.paths.scenes import Scene, chatter
from tests.correlate.same.wires import FIN, MS, RST
from tests.correlate.tcp.conversation import ALL, Talk

SACK = b"\x01\x01\x05\x0a"  # one block
BACK = ALL[::-1]


def asked(*points: str, size: int = 60) -> Talk:
    """A opens, asks in 60 bytes, and B acknowledges that."""
    talk = Talk().opened(*points)
    talk.a(5, *points, size=size)
    talk.b(6, *points[::-1], ack=1 + size)
    return talk


def answered(talk: Talk, reach: int, *, times: int = 4, size: int = 1448) -> Talk:
    """Let B send the same bytes ``times``, each copy seen at the first ``reach`` points of its way."""
    for number in range(times):
        talk.b(7 + 200 * (2**number - 1), *BACK[:reach], ack=61, size=size)
    return talk


def heard(talk: Talk) -> Talk:
    """Let other traffic show that all points went on listening."""
    chatter(Scene(talk.points), 500, 1000, 1500)
    return talk


def stuck(talk: Talk, **changes: object) -> list[Stuck]:
    return list(talk.analysed(**changes).tcp.stuck)


def test_what_is_sent_again_and_never_acknowledged_is_placed_between_two_points():
    (one,) = stuck(heard(answered(asked(*ALL), 3)))
    assert (one.way, one.copies, one.payload_bytes) == (Way.REPLY, 4, 1448)
    assert (one.furthest, one.missed, one.blind) == ("r/eth2", "r/eth1", "")
    assert (one.smallest_lost, one.largest_passed) == (1500, 52 + 4)
    assert one.last_ns - one.first_ns == 1400 * MS
    assert {proof.point: len(proof.frames) for proof in one.proof} == {"b/lxcb": 4, "r/eth2": 4}


@pytest.mark.parametrize("times", [1, 2])
def test_fewer_copies_may_be_on_their_way_when_the_capture_ends(times):
    assert stuck(answered(asked(*ALL), 3, times=times)) == []


def test_bytes_that_were_acknowledged_at_last_are_not_stuck():
    talk = answered(asked(*ALL), 3)
    talk.b(3000, *BACK, ack=61, size=1448)
    talk.a(3001, *ALL, seq=61, ack=1449)
    assert stuck(talk) == []


def test_bytes_that_reached_the_last_point_arrived_even_if_no_acknowledgment_was_captured():
    assert stuck(answered(asked(*ALL), len(ALL))) == []


def test_a_reset_ends_it_and_hides_nothing_of_what_came_before():
    talk = answered(asked(*ALL), 3)
    talk.a(3000, *ALL, seq=61, ack=1, flags=RST | 0x10)
    (one,) = stuck(talk)
    assert one.ended and one.copies == 4


def test_what_a_reset_answers_is_not_stuck():
    talk = answered(asked(*ALL), 3)
    talk.a(300, *ALL, seq=61, ack=1, flags=RST | 0x10)
    assert stuck(talk) == []


def test_a_fin_can_be_stuck_and_what_passes_behind_it_is_counted():
    talk = asked(*ALL)
    for number in range(3):
        talk.a(7 + 200 * number, *ALL[:3], seq=61, flags=FIN | 0x10)
    talk.a(900, *ALL, seq=62)
    (one,) = stuck(talk)
    assert (one.way, one.copies, one.payload_bytes, one.passed_after) == (Way.FORWARD, 3, 0, 1)
    assert (one.furthest, one.missed) == ("r/eth1", "r/eth2")


def test_who_has_closed_his_window_is_asked_again_and_nothing_is_lost():
    talk = asked("b__lxcb")
    for number in range(4):
        talk.b(7 + 200 * number, "b__lxcb", ack=61, size=1)
        talk.a(8 + 200 * number, "b__lxcb", seq=61, window=0)
    assert stuck(talk) == []


def test_smaller_ones_that_the_receiver_has_are_known_by_its_sack_blocks():
    talk = answered(asked("b__lxcb"), 1, times=0)
    for number in range(4):
        talk.b(7 + 200 * number, "b__lxcb", ack=61, size=1448)
    talk.b(8, "b__lxcb", seq=1449, ack=61, size=700)
    left, right = (500_000 + 1449).to_bytes(4, "big"), (500_000 + 1449 + 700).to_bytes(4, "big")
    talk.a(9, "b__lxcb", seq=61, options=SACK + left + right)
    (one,) = stuck(talk)
    assert (one.smallest_lost, one.largest_passed, one.passed_after, one.peer_after) == (1500, 752, 1, 1)
    assert (one.furthest, one.missed) == ("b/lxcb", "")


def test_a_super_frame_counts_as_its_largest_segment():
    (one,) = stuck(answered(asked("b__lxcb"), 1, size=4344))
    assert one.smallest_lost == 1460 + 52  # the MSS that A announced, and the headers with timestamps


def test_a_next_point_that_may_have_dropped_packets_is_no_witness_and_says_why():
    (one,) = stuck(heard(answered(asked(*ALL), 3)), counts=False)
    assert one.uncounted and "no counts" in one.blind


def test_a_next_point_that_was_no_longer_captured_is_none_at_all():
    talk = asked(*ALL)
    for number in range(3):
        talk.b(60_000 + 1000 * number, *BACK[:3], ack=61, size=100)
    (one,) = stuck(talk)
    assert one.blind and not one.uncounted


def test_keepalives_that_nobody_answers_are_told_with_the_reset_behind_them():
    talk = asked(*ALL)
    chatter(Scene(talk.points), 20_000, 20_500, 26_000, 26_500)
    for ms in (20_000, 26_000):
        talk.b(ms, *BACK[:3], seq=0, ack=61)
    talk.b(26_500, *BACK[:3], ack=61, flags=RST | 0x10)
    (one,) = stuck(talk)
    assert one.keepalive and one.given_up and one.copies == 2
    assert (one.furthest, one.missed, one.blind) == ("r/eth2", "r/eth1", "")
    assert [proof.shows for proof in one.proof][-1] == "its sender gives up"


def test_a_keepalive_that_was_answered_is_not():
    talk = asked(*ALL)
    for ms in (20_000, 26_000):
        talk.b(ms, *BACK, seq=0, ack=61)
        talk.a(ms + 1, *ALL, seq=61)
    assert stuck(talk) == []


def test_one_side_alone_proves_nothing():
    talk = Talk()
    for number in range(5):
        talk.a(200 * number, *ALL, size=100)
    assert stuck(talk) == []
