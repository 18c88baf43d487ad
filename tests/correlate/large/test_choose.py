"""What is looked at in detail: trouble first, whole conversations only, and something of every pair of addresses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from captools.correlate.large.choose import ALL, LONGEST, NEVER, choose, troubled
from captools.model.packets import EtherType
from tests.correlate.large.lanes import Lane, columns, found

SERVER = 1


def talk(client: int, **told) -> tuple[Lane, Lane]:
    """A conversation of ``client`` with the server at one point; ``told`` of its first direction."""
    forth = Lane(0, client, SERVER, **told)
    return forth, Lane(0, SERVER, client, sport=80, dport=40_000, packets=forth.packets)


def chosen(*lanes: Lane, budget: int):
    return choose(columns(*lanes), found(*lanes), budget)


def test_the_troubled_come_first():
    lanes = [lane for client in range(10, 20) for lane in talk(client)]
    lanes[8:10] = talk(14, rsts=1)
    lanes[12:14] = talk(16, gaps=2)
    choice = chosen(*lanes, budget=80)
    assert (choice.take[8:10] == ALL).all() and (choice.take[12:14] == ALL).all()
    assert (choice.troubled, choice.troubles) == (2, 2)
    assert choice.followed == 4 and choice.conversations == 10


def test_a_conversation_is_taken_at_all_points_or_not_at_all():
    lanes = [replace(lane, source=source) for client in range(10, 40) for source in (0, 1) for lane in talk(client)]
    choice = chosen(*lanes, budget=200)
    by_talk = choice.take.reshape(30, 4) == ALL
    assert (by_talk.all(axis=1) | ~by_talk.any(axis=1)).all() and by_talk.any(axis=1).sum() == choice.followed == 5


def test_unanswered_reset_lossy_and_half_seen_conversations_are_troubled():
    whole = [lane for source in (0, 1) for lane in talk(10)]
    whole[2:] = [replace(lane, source=1, firsts=0) for lane in whole[:2]]
    other = [replace(lane, **{("sport" if lane.src != SERVER else "dport"): 40_001}) for lane in whole]
    half = [replace(lane, **{("sport" if lane.src != SERVER else "dport"): 40_002}) for lane in whole[:2]]
    lanes = [*whole, *other, *half, talk(11)[0], *talk(12, rsts=1), *talk(13, retransmitted=1), *talk(14)]
    conversations = found(*lanes)
    of = {lane: troubled(conversations)[number] for lane, number in zip(lanes, conversations.of_lane, strict=True)}
    assert [bool(of[lane]) for lane in (whole[0], other[0], half[0])] == [False, False, True]
    assert [bool(of[lanes[at]]) for at in (10, 11, 13, 15)] == [True, True, True, False]


def test_kinds_of_conversations_take_turns():
    many = [replace(lane, **{("sport" if lane.src != SERVER else "dport"): 50_000 + number})
            for number in range(50) for lane in talk(10, http=True)]  # fmt: skip
    choice = chosen(*many, *talk(11, http=True), *talk(12, http=True), budget=160)
    assert (choice.take[-4:] == ALL).all() and choice.followed == 8


def test_every_pair_of_addresses_is_shown_where_there_is_room_and_counted_where_not():
    lanes = [lane for client in range(10, 30) for lane in talk(client)]
    assert (choice := chosen(*lanes, budget=400)).shown == choice.links == 40
    assert chosen(*lanes, budget=100).shown == 10


def test_a_very_long_conversation_ends_at_one_time_everywhere():
    long = talk(10, packets=10 * LONGEST, first_ns=1_000, last_ns=101_000)
    lanes = (*long, replace(long[0], source=1, firsts=0, packets=2 * LONGEST, first_ns=1_500, last_ns=101_500))
    choice = chosen(*lanes, *talk(11), budget=10 * LONGEST)
    assert choice.cut == 1 and choice.until_ns.tolist() == [
        10_150,
        10_150,
        10_150,
        NEVER,
        NEVER,
    ]  # a tenth of 0 to 101,500
    assert (choice.take[:3] >= 2 * LONGEST).all() and (choice.take[3:] == ALL).all()


def test_arp_is_taken_whatever_the_budget():
    asked = Lane(0, 0, 0, ethertype=EtherType.ARP)
    choice = chosen(asked, *talk(10), budget=0)
    assert choice.take.tolist() == [LONGEST, 0, 0] and choice.conversations == 1 and choice.followed == 0


def test_nothing_at_all():
    choice = chosen(budget=10)
    assert len(choice.take) == 0 and choice.conversations == 0 and np.size(choice.until_ns) == 0
