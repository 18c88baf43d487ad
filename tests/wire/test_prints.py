"""Prints: equal for a packet at every point, different for different packets, 0 where there is nothing to tell."""

from __future__ import annotations

import numpy as np
import pytest

from captures.build import ethernet, ipv4, pcap, tcp, udp
from tests.wire.equality import compiled
from tests.wire.points import printed

pytestmark = pytest.mark.slow
A, B, VIP = "10.0.0.1", "10.0.0.2", "10.96.0.10"


def told(*frames: bytes):
    return printed(compiled(pcap([(at, frame) for at, frame in enumerate(frames)])))[0]


def segment(**asked):
    ends = {"src": asked.pop("src", A), "dst": asked.pop("dst", B)}
    header = {"sport": 40_000, "dport": 80, "seq": 7, "ack": 9, "flags": 0x10} | asked
    return ethernet(ipv4(tcp(header.pop("payload", b""), **header), **ends, proto=6))


def datagram(payload: bytes, *, ident: int = 5, dst: str = B, dport: int = 53):
    return ethernet(ipv4(udp(payload, sport=40_000, dport=dport), src=A, dst=dst, proto=17, ident=ident))


def test_a_segment_with_payload_is_the_same_before_and_behind_translation():
    found = told(segment(payload=b"x" * 20), segment(payload=b"x" * 20, dst=VIP, dport=8080)).print
    assert found[0] == found[1] != 0


@pytest.mark.parametrize(
    "other", [{"seq": 8}, {"ack": 10}, {"flags": 0x18}, {"payload": b"y" * 20}, {"payload": b"x" * 21}]
)
def test_any_difference_in_a_segment_makes_another_print(other):
    found = told(segment(payload=b"x" * 20), segment(**{"payload": b"x" * 20} | other)).print
    assert found[0] != found[1]


def test_a_bare_acknowledgment_without_a_time_stamp_tells_too_little_to_be_translated():
    found = told(segment(), segment(), segment(dst=VIP)).print
    assert found[0] == found[1] != found[2]


def test_a_datagram_is_known_by_its_lane_and_once_more_without_it():
    payload = b"question" * 3
    found = told(
        datagram(payload), datagram(payload, dst=VIP), datagram(payload, ident=6), datagram(payload[:-1] + b"?")
    )
    assert len(set(found.print.tolist())) == 3 and found.print[0] == found.print[3]  # of the payload, its head counts
    assert found.second[0] == found.second[1] and len(set(found.second.tolist())) == 3


@pytest.mark.parametrize("frame", [datagram(b"short"), datagram(b"long enough", ident=0), segment(payload=b"z" * 30)])
def test_there_is_no_second_print_where_too_little_or_already_all_is_told(frame):
    found = told(frame)
    assert found.second[0] == 0 and found.print[0] != 0


def test_what_is_no_ip_packet_has_no_print():
    assert told(b"\xff" * 12 + b"\x08\x06" + bytes(28)).print.tolist() == [0]


def test_icmp_is_told_by_its_number_too():
    from captures.build import icmp_echo

    frames = [ethernet(ipv4(icmp_echo(ident=1, seq=seq), src=A, dst=B, proto=1, ident=0)) for seq in (1, 2, 1)]
    found = told(*frames).print
    assert found[0] == found[2] != found[1]


def test_prints_do_not_depend_on_what_else_a_capture_holds():
    first, second = (
        told(segment(payload=b"a" * 9), datagram(b"b" * 9)),
        told(datagram(b"b" * 9), segment(payload=b"a" * 9)),
    )
    assert np.array_equal(first.print, second.print[::-1]) and np.array_equal(first.second, second.second[::-1])
