"""Confidence: numbers that nobody repeats prove; sequence numbers alone make likely; ports alone make possible."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.same.sure import LIKELY, POSSIBLE, PROVEN, levels
from captures.build import ethernet, icmp_echo, ipv4, ipv6, sctp, udp, wireguard_data
from tests.correlate.same.wires import ACK, SYN, Frames, Segment, read

A, B = "10.0.0.1", "10.0.0.2"


def of(*frames: bytes) -> list[int]:
    rows = read({"a/e": list(enumerate(frames))})
    found: list[int] = levels(rows, np.arange(len(rows))).tolist()
    return found


def datagram(payload: bytes, ident: int) -> bytes:
    return ethernet(ipv4(udp(payload, sport=5353, dport=53), src=A, dst=B, proto=17, ident=ident))


@pytest.mark.parametrize(("segment", "level"), [
    (Segment(), PROVEN),
    (Segment(ident=0, flags=SYN | ACK), PROVEN),  # Linux's SYN-ACK: its timestamp tells it from a repeated one
    (Segment(ident=0, flags=SYN | ACK, tsval=None), LIKELY),
    (Segment(tsval=None), PROVEN),
])  # fmt: skip
def test_tcp(segment, level):
    assert of(segment.at(0)[1]) == [level]


def test_datagrams_are_proven_by_their_ip_id_likely_by_a_whole_payload_else_possible():
    assert of(datagram(bytes(20), 9), datagram(bytes(20), 0), datagram(b"x", 0)) == [PROVEN, LIKELY, POSSIBLE]


def test_ipv6_has_no_ip_id():
    packet = ipv6(udp(bytes(20), sport=1, dport=2), src="fd00::1", dst="fd00::2", proto=17)
    assert of(ethernet(packet, kind=0x86DD)) == [LIKELY]


def test_pings_without_ip_id_repeat_in_the_next_run():
    echo = ipv4(icmp_echo(b"", ident=1, seq=1), src=A, dst=B, proto=1, ident=0)
    assert of(ethernet(echo)) == [LIKELY]


def test_a_wireguard_counter_is_used_once():
    message = udp(wireguard_data(receiver=1, counter=1, sealed=16), sport=51871, dport=51871)
    assert of(ethernet(ipv4(message, src=A, dst=B, proto=17, ident=0))) == [PROVEN]


def test_other_protocols_rest_on_the_ip_id():
    frames: Frames = [(at, ethernet(ipv4(sctp(sport=1, dport=2), src=A, dst=B, proto=132, ident=at))) for at in (0, 5)]
    assert of(*(frame for _at, frame in frames)) == [POSSIBLE, PROVEN]


def test_a_sender_that_puts_one_ip_id_on_everything_proves_nothing_with_it():
    same = [datagram(bytes(20) + bytes((at,)), 5) for at in range(6)]
    rising = [datagram(bytes(20) + bytes((at,)), 5 + at) for at in range(6)]
    assert of(*same) == [LIKELY] * 6
    assert of(*rising) == [PROVEN] * 6


def test_a_line_of_text_without_sequence_number_is_only_possible():
    rows = read({"a/e": [Segment(ident=0, tsval=None).at(0)]})
    rows.columns["seq"] = np.array([-1])
    assert levels(rows, np.array([0])).tolist() == [POSSIBLE]
