"""Gaps: from the last sign of an address to the next, where somebody wanted it meanwhile."""

from __future__ import annotations

import numpy as np

from captools.correlate.arp.gaps import unanswered
from tests.correlate.arp_segment import ACK, MS, PUSH, RST, START, A, B, Segment

SYN_ACK = 0x12


def test_an_answer_in_time_leaves_nothing_unanswered():
    talk = Segment().resolve(0, A).ask(1000).ask(2000).answer(2900, A).ask(5000)
    _, frames = talk.arp_frames()
    asks = np.flatnonzero(frames.asks & (frames.point == frames.point[0]))
    times = np.sort(frames.time[frames.claims])
    assert ((frames.time[unanswered(frames, asks, times)] - START) // MS).tolist() == [1000, 5000]


def test_a_move_has_the_length_from_the_last_sign_to_the_first_answer():
    talk = Segment().chatter(6000).resolve(0, A)
    for ms in (1000, 2000, 3000):
        talk.ask(ms)
    (gap,) = talk.announce(3500, B).resolve(4000, B).resolution().gaps
    assert gap.since_ns is not None and (gap.since_ns - START) // MS == 0
    assert ((gap.first_ns - START) // MS, (gap.until_ns - START) // MS, gap.asks) == (1000, 3500, 3)


def test_packets_from_the_address_show_that_it_lived_on():
    talk = Segment().chatter(6000).resolve(0, A).ask(1000).call(2500, A).call(2501, A, back=True, flags=SYN_ACK)
    (gap,) = talk.ask(3000).announce(4500, B).resolution().gaps
    assert (gap.since_ns - START) // MS == 2501 and gap.asks == 1 and (gap.first_ns - START) // MS == 3000


def test_a_gap_without_questions_is_felt_by_packets():
    talk = Segment().chatter(4000).resolve(0, A).call(500, A).call(1500, A, seq=1).announce(2000, B)
    (gap,) = talk.resolution().gaps
    assert (gap.asks, gap.packets, (gap.first_ns - START) // MS) == (0, 2, 500)
    assert [(one.sport, one.fate) for one in gap.broken] == [(40_000, "unanswered")]


def test_acknowledgments_owe_no_answer():
    talk = Segment().chatter(4000).resolve(0, A).call(500, A, flags=ACK).announce(2000, B)
    assert talk.resolution().gaps == ()


def test_what_became_of_the_conversations_is_told():
    talk = Segment().chatter(6000).resolve(0, A)
    for sport in (1001, 1002, 1003):
        talk.call(1000 + sport % 10, A, sport=sport)
    talk.announce(3000, B).call(3500, B, sport=1002).call(3501, B, sport=1002, back=True, flags=SYN_ACK)
    talk.call(3600, B, sport=1003, flags=PUSH, data=b"x", seq=2).call(3601, B, sport=1003, back=True, flags=RST)
    (gap,) = talk.resolution().gaps
    assert {one.sport: one.fate for one in gap.broken} == {1001: "unanswered", 1002: "late", 1003: "reset"}
    assert all(one.evidence for one in gap.broken)


def test_a_handover_nobody_felt_is_no_gap():
    assert Segment().chatter(4000).resolve(0, A).announce(2000, B).resolve(3000, B).resolution().gaps == ()


def test_packets_alone_do_not_show_that_nobody_is_there_at_the_end():
    # The capture may have missed the answers' way: only questions that a listening asker put are a gap.
    assert Segment().chatter(4000).resolve(0, A).call(2000, A).resolution().gaps == ()
    (gap,) = Segment().chatter(6000).resolve(0, A).ask(2000).ask(3000).resolution().gaps
    assert gap.until_ns is None and gap.asks == 2
