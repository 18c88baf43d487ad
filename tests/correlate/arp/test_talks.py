"""Talks: what was sent to an address and what came from it, and which packets owe an answer."""

from __future__ import annotations

from captools.correlate.arp.talks import address_talks
from tests.correlate.arp_segment import ACK, MS, PUSH, RST, START, VIP, A, Segment


def talks(made: Segment):
    rows = made.rows()
    return address_talks(rows, rows.code_of_address(VIP))


def test_only_opening_closing_and_data_owe_an_answer():
    one = talks(Segment().call(0, A).call(10, A, flags=ACK).call(20, A, flags=PUSH, data=b"x").call(30, A, flags=RST)
                .call(40, A, flags=ACK | 1))  # fmt: skip
    asked = one.owing(START - 1, START + 100 * MS)
    assert sorted({int(one.time[at] - START) // MS for at in asked}) == [0, 20, 40]
    assert one.seen_once(asked) == 3, "two points show each of them"


def test_packets_from_the_address_are_its_life():
    one = talks(Segment().call(0, A).call(5, A, back=True, flags=0x12))
    assert [(int(at) - START) // MS for at in one.life()] == [5, 5] and int(one.talk.max()) == 0


def test_each_connection_is_a_conversation_of_its_own():
    one = talks(Segment().call(0, A, sport=1).call(1, A, sport=2).call(2, A, sport=1, back=True, flags=0x12))
    assert len(set(one.talk.tolist())) == 2


def test_other_addresses_are_left_out():
    rows = Segment().call(0, A, target="192.168.10.212").rows()
    assert len(address_talks(rows, rows.code_of_address("192.168.10.200")).row) == 2
    assert len(address_talks(rows, -5).row) == 0
