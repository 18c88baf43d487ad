"""Connections: who started them, and where one ends and the next with the same ports begins."""

from __future__ import annotations

import tomllib

import pytest

from captools.correlate.same.flows import IDLE_NS, connections
from captools.correlate.same.match import match
from captools.correlate.sightings import sightings
from captools.model.flows import Flow
from captures import case
from captures.build import ethernet, icmp_echo, ipv4, pcap, tcp, udp
from tests.correlate.material import FINE, LEAK, S1, S2, S8, S13, material
from tests.correlate.same.wires import ACK, SECOND, START, SYN, Segment, read
from tests.wire.conftest import decode_table

POD, OUT = "172.20.0.88", "10.10.1.200"
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


def test_the_first_syn_seen_after_older_traffic_begins_a_connection():
    old = Segment(POD, 40000, OUT, payload=b"x")
    new = Segment(POD, 40000, OUT, seq=5, flags=SYN, ident=2)
    rows = read(
        {"a/e": [old.at(0), new.at(9 * SECOND)], "b/e": [old.but(ttl=63).at(9), new.but(ttl=63).at(9 * SECOND + 9)]}
    )
    assert [len(one.forward) for one in connections(rows, match(rows))] == [2, 2]


def test_a_clock_that_is_behind_cuts_no_connection():
    syn, data = Segment(POD, 40000, OUT, flags=SYN), Segment(POD, 40000, OUT, seq=951_063_535, payload=b"x", ident=2)
    rows = read(
        {"a/e": [syn.at(9 * SECOND), data.at(10 * SECOND)], "b/e": [syn.but(ttl=63).at(0), data.but(ttl=63).at(SECOND)]}
    )
    assert [len(one.forward) for one in connections(rows, match(rows))] == [4]


def test_of_answers_alone_a_new_sequence_number_begins_a_connection():
    first = Segment(OUT, 80, POD, 40000, seq=5, flags=SYN | ACK, ident=0)
    rows = read({"a/e": [first.at(0), first.but(seq=9, tsval=9).at(SECOND)]})
    assert [str(one.flow) for one in connections(rows, match(rows))] == [f"{POD}:40000 -> {OUT}:80 tcp"] * 2


@pytest.mark.parametrize(("idle", "count"), [(IDLE_NS - SECOND, 1), (IDLE_NS + SECOND, 2)])
def test_a_long_silence_ends_a_conversation_that_has_no_other_end(idle, count):
    def query(at: int) -> tuple[int, bytes]:
        return at, ethernet(ipv4(udp(b"x" * 9, sport=4000, dport=53), src=A, dst=B, proto=17, ident=at % 60_000))

    rows = read({"a/e": [query(START), query(START + idle)]})
    assert len(connections(rows, match(rows))) == count


def test_a_long_silence_ends_no_tcp_connection():
    one = Segment(POD, 40000, OUT)
    rows = read({"a/e": [one.at(0), one.but(seq=9, ident=2).at(3600 * SECOND)]})
    assert len(connections(rows, match(rows))) == 1


def test_turned_the_other_side_is_first():
    (one,) = found(segment(A, 40000, B, 80, 0x10))
    other = one.turned()
    assert (other.flow, len(other.forward), len(other.reply)) == (Flow(B, A, 6, 80, 40000), 0, 1)


@pytest.mark.parametrize("name", [S1, S2, S8, S13, LEAK, FINE])
def test_the_lab_s_flows_are_all_found_and_no_others(name):
    rows = material(name).sightings()
    flows = {str(one.flow) for one in connections(rows, match(rows)) if one.flow.icmp_id is None}
    pings = {(one.flow.src, one.flow.dst, one.flow.icmp_id) for one in connections(rows, match(rows))} - {
        (one.flow.src, one.flow.dst, None) for one in connections(rows, match(rows))
    }
    truth = tomllib.loads((case(name).folder / "case.toml").read_text(encoding="utf-8"))["truth"]
    sent = {
        f"{one['src']}:{one['sport']} -> {one['dst']}:{one['dport']} tcp"
        for one in truth["flows"]
        if one["proto"] == "tcp"
    }
    # What whoami says of its peer names the proxy's own connection to it.
    sent |= {
        f"{one['remote_addr']}:{one['remote_port']} -> {one['backend_ip']}:80 tcp"
        for one in truth["requests"]
        if one["remote_addr"]
    }
    assert flows == sent
    assert pings == {(one["src"], one["dst"], one["icmp_id"]) for one in truth["flows"] if one["proto"] == "icmp"}
