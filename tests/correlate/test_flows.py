"""Connections: who started them, and where one ends and the next with the same ports begins."""

from __future__ import annotations

import pytest

from captools.correlate.flows import connections
from captools.correlate.match import match
from captools.correlate.sightings import sightings
from captools.model.flows import Flow
from captures.build import ethernet, icmp_echo, ipv4, pcap, tcp, udp
from tests.wire.conftest import decode_table

A, B = "10.0.0.1", "10.0.0.2"


def found(*packets: bytes):
    frames = [(at * 1000, ethernet(one)) for at, one in enumerate(packets, start=1)]
    rows = sightings(decode_table({"n/e": pcap(frames)}))
    return connections(rows, match(rows))


def segment(src: str, sport: int, dst: str, dport: int, flags: int, seq: int = 1, ident: int = 1) -> bytes:
    return ipv4(tcp(sport=sport, dport=dport, flags=flags, seq=seq), src=src, dst=dst, proto=6, ident=ident)


def test_the_sender_of_the_syn_started_it_whatever_its_port():
    (one,) = found(segment(A, 80, B, 40000, 2), segment(B, 40000, A, 80, 0x12))
    assert one.flow == Flow(A, B, 6, 80, 40000)
    assert (len(one.forward), len(one.reply)) == (1, 1)


def test_a_syn_ack_alone_tells_the_other_side_started_it():
    (one,) = found(segment(B, 40000, A, 80, 0x12))
    assert one.flow == Flow(A, B, 6, 80, 40000) and len(one.forward) == 0


@pytest.mark.parametrize(("sport", "dport"), [(41000, 443), (443, 41000)])
def test_seen_from_the_middle_the_lower_port_is_the_service(sport, dport):
    (one,) = found(segment(A, sport, B, dport, 0x18))
    assert (one.flow.sport, one.flow.dport) == (41000, 443)


def test_ports_used_again_with_another_sequence_number_are_a_new_connection():
    first = [segment(A, 40000, B, 80, 2, seq=5), segment(B, 80, A, 40000, 0x14, seq=0)]
    second = [segment(A, 40000, B, 80, 2, seq=99), segment(B, 80, A, 40000, 0x12, seq=7)]
    one, two = found(*first, *second)
    assert (len(one.forward), len(one.reply), len(two.forward), len(two.reply)) == (1, 1, 1, 1)


def test_a_repeated_syn_is_the_same_connection():
    (one,) = found(segment(A, 40000, B, 80, 2, seq=5), segment(A, 40000, B, 80, 2, seq=5, ident=2))
    assert len(one.forward) == 2


def test_pings_are_told_apart_by_their_id_and_answered_by_type():
    def echo(src, dst, ident, reply):
        return ipv4(icmp_echo(b"x" * 8, ident=ident, seq=1, reply=reply), src=src, dst=dst, proto=1)

    pings = found(echo(A, B, 1, False), echo(B, A, 1, True), echo(A, B, 2, False))
    assert [(one.flow.icmp_id, len(one.forward), len(one.reply)) for one in pings] == [(1, 1, 1), (2, 1, 0)]


def test_udp_is_a_conversation_of_two_addresses():
    def datagram(src, sport, dst, dport):
        return ipv4(udp(b"question", sport=sport, dport=dport), src=src, dst=dst, proto=17)

    (one,) = found(datagram(A, 50000, B, 53), datagram(B, 53, A, 50000))
    assert one.flow == Flow(A, B, 17, 50000, 53) and (len(one.forward), len(one.reply)) == (1, 1)


def test_no_packet_is_no_connection():
    assert found() == []
