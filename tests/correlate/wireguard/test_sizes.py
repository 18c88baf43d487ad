"""Sizes of messages, as in drivers/net/wireguard and as the lab's captures show them."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.wireguard.sizes import cut, largest_packet, message_units, units


@pytest.mark.parametrize(
    ("packet", "message"),
    # FACTS section 14: an 84-byte ping becomes a 128-byte payload; section 10: padding to 16, but not beyond the MTU.
    [(84, 128), (1420, 1452), (1408, 1440), (0, 32), (1, 48), (16, 48), (17, 64), (1419, 1452)],
)
def test_a_packet_and_its_message_have_the_same_number_of_units(packet, message):
    assert units(np.array([packet])) == message_units(np.array([message]))


def test_an_unknown_size_has_no_units():
    assert message_units(np.array([-1, 31])).tolist() == [-1, -1]


def test_a_super_frame_is_cut_into_segments_that_repeat_its_headers():
    # 52 bytes of headers, 3,000 of payload, 1,420 in a packet: 1,368 bytes a segment
    length, parent = cut(np.array([100, 3_052]), np.array([48, 3_000]), 1_420)
    assert length.tolist() == [100, 1_420, 1_420, 52 + 3_000 - 2 * 1_368]
    assert parent.tolist() == [0, 1, 1, 1]


def test_a_super_frame_that_divides_evenly_has_no_empty_last_segment():
    length, _ = cut(np.array([52 + 2 * 1_368]), np.array([2 * 1_368]), 1_420)
    assert length.tolist() == [1_420, 1_420]


def test_what_has_nothing_to_cut_stays_whole():
    assert cut(np.array([3_000]), np.array([0]), 1_420)[0].tolist() == [3_000]


def test_the_largest_packet_is_told_by_an_unpadded_message_by_the_device_or_by_the_segments():
    packets, payload = np.array([3_052, 60]), np.array([3_000, 8])
    assert largest_packet(packets, payload, np.array([1_452, 1_452]), 0) == 1_420
    assert largest_packet(packets, payload, np.array([1_440 + 32, 64]), 1_430) == 1_430
    # 24 segments of 1,425 bytes: with 1,426 and more the last one would be smaller than what was seen
    length, _ = cut(np.array([52 + 24 * 1_373]), np.array([24 * 1_373]), 1_425)
    seen = units(length) * 16 + 32
    assert largest_packet(np.array([52 + 24 * 1_373]), np.array([24 * 1_373]), seen, 0) == 1_425


def test_small_messages_alone_do_not_cut_larger_packets():
    assert largest_packet(np.array([600, 155]), np.array([560, 103]), np.array([192]), 0) == 600


def test_without_super_frames_the_largest_message_is_the_bound():
    assert largest_packet(np.array([84]), np.array([64]), np.array([128]), 0) == 96
