"""Messages: one element per data message, however many a frame holds."""

from __future__ import annotations

import numpy as np

from captools.correlate.wireguard.ends import Ends
from captools.correlate.wireguard.messages import Messages, messages, number
from captures.build import wireguard_data
from tests.correlate.sealed_talk import EAST, WEST, Talk, data, datagram, talk


def read(found: Talk) -> tuple[Messages, Ends]:
    rows = found.rows()
    ends = Ends(rows, found.cluster)
    return messages(rows, ends, np.ones(len(rows.points), np.bool_)), ends


def test_a_datagram_is_one_message_with_its_ends_and_size():
    seen, ends = read(talk(east__eth0=[data(0, 41, 84, index=0xBEEF)]))
    assert (seen.index.tolist(), seen.counter.tolist(), seen.size.tolist()) == ([0xBEEF], [41], [128])
    assert [ends.name(int(one[0])) for one in (seen.sender, seen.receiver, seen.node)] == ["east", "west", "east"]


def test_a_frame_of_several_messages_is_that_many_whose_counters_rise():
    parts = b"".join(wireguard_data(receiver=7, counter=10 + step, sealed=112) for step in range(3))
    seen, _ = read(talk(east__eth0=[datagram(0, parts)], west__eth0=[data(1, 10), data(2, 11), data(3, 12)]))
    assert seen.counter.tolist() == [10, 11, 12, 10, 11, 12]
    assert seen.size.tolist() == [-1, -1, -1, 128, 128, 128]  # the sum alone does not tell the parts


def test_a_keepalive_is_an_empty_message():
    seen, _ = read(talk(east__eth0=[data(0, 0, 0), data(1, 1, 84)]))
    assert seen.keepalive().tolist() == [True, False]


def test_a_session_direction_is_the_same_over_address_translation():
    seen, _ = read(talk(east__eth0=[data(0, 5)], west__eth0=[data(1, 5, src="203.0.113.9")]))
    assert seen.direction[0] == seen.direction[1] and seen.sender[0] != seen.sender[1]


def test_an_index_that_two_nodes_chose_by_chance_stands_for_two_directions():
    seen, _ = read(talk(east__eth0=[data(0, 5), data(1, 5, dst=EAST, src=WEST), data(2, 6)]))
    assert seen.direction[0] != seen.direction[1] and seen.direction[0] == seen.direction[2]


def test_points_that_are_not_asked_for_are_left_out():
    found = talk(east__eth0=[data(0, 0)], west__eth0=[data(1, 0)])
    rows = found.rows()
    seen = messages(rows, Ends(rows, found.cluster), np.array([point == "west/eth0" for point in rows.points]))
    assert [rows.point(row) for row in seen.row.tolist()] == ["west/eth0"]


def test_wireguard_is_told_by_its_bytes_and_not_by_its_port():
    seen, _ = read(talk(east__eth0=[data(0, 0, port=4500), datagram(1, b"plain text of a resolver" * 4)]))
    assert len(seen) == 1


def test_combinations_are_numbered_in_their_sorted_order():
    assert number(np.array([5, 3, 5, 3]), np.array([1, 9, 0, 9])).tolist() == [2, 0, 1, 0]
    assert number(np.empty(0, np.int64)).tolist() == []


def test_nothing_seen_is_no_messages():
    assert len(read(talk(east__eth0=[]))[0]) == 0
