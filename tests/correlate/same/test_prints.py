"""Fingerprints: equal where the packet is, at any snap length; different wherever anything that names it differs."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.same.prints import (
    captured_payload,
    fingerprint,
    invariant_fingerprint,
    told_apart_by_payload,
)
from captools.correlate.sightings import sightings
from captures.build import ethernet, icmp_echo, icmp_error, ipv4, pcap, tcp, udp, vxlan, wireguard_data
from tests.correlate.same.wires import SYN, Frames, Segment, read
from tests.wire.conftest import decode_table

A, B, NODE = "10.0.0.1", "10.0.0.2", "192.0.2.11"


def datagram(payload: bytes, *, ident: int = 7, src: str = A, sport: int = 5353, dport: int = 53) -> bytes:
    return ethernet(ipv4(udp(payload, sport=sport, dport=dport), src=src, dst=B, proto=17, ident=ident))


def in_vxlan(frame: bytes) -> bytes:
    return ethernet(ipv4(udp(vxlan(frame, vni=45966), sport=33451, dport=8472), src=NODE, dst="192.0.2.12", proto=17))


def cut(frames: Frames, snaplen: int):
    whole, short = pcap(frames), pcap(frames, snaplen=snaplen)
    return sightings(decode_table({"a/e": whole, "b/e": short}))


@pytest.mark.parametrize("snaplen", [128, 160, 262_144])
def test_a_short_snap_length_leaves_the_prints_alone(snaplen):
    frames = [
        Segment(payload=bytes(range(200)), seq=5).at(0),
        (1, in_vxlan(Segment(payload=bytes(100), seq=6).at(0)[1])),
        (2, datagram(bytes(range(100, 200)))),
        (3, ethernet(ipv4(icmp_echo(bytes(200), ident=9, seq=1), src=A, dst=B, proto=1, ident=3))),
    ]
    rows = cut(frames, snaplen)
    for prints in (fingerprint(rows), invariant_fingerprint(rows)):
        assert prints[:4].tolist() == prints[4:].tolist()
        assert len(set(prints[:4].tolist())) == 4


@pytest.mark.parametrize("change", [
    {"src": B}, {"sport": 40001}, {"dst": NODE}, {"dport": 81}, {"seq": 1}, {"ack": 1}, {"flags": SYN}, {"tsval": 1},
    {"ident": 2}, {"payload": b"x"}, {"tsval": None},
])  # fmt: skip
def test_each_field_that_names_a_packet_changes_its_print(change):
    one = Segment()
    rows = read({"a/e": [one.at(0), one.but(**change).at(1)]})
    assert len(set(fingerprint(rows).tolist())) == 2


def test_ttl_and_tunnel_change_nothing():
    one = Segment()
    rows = read({"a/e": [one.at(0), one.but(ttl=60).at(1), (2, in_vxlan(one.at(0)[1]))]})
    assert len(set(fingerprint(rows).tolist())) == 1


@pytest.mark.parametrize(("change", "kept"), [
    ({"src": NODE, "sport": 61234}, True), ({"dst": "10.96.0.1", "dport": 8080}, True), ({"ttl": 60}, True),
    ({"ident": 9}, True), ({"seq": 6}, False), ({"tsval": 1}, False), ({"payload": b"abc"}, False),
])  # fmt: skip
def test_only_what_nat_leaves_alone_is_in_the_invariant_print(change, kept):
    one = Segment(payload=b"ab")
    rows = read({"a/e": [one.at(0), one.but(**change).at(1)]})
    same = len(set(invariant_fingerprint(rows).tolist())) == 1
    assert same is kept


def test_a_clamped_segment_size_does_not_hide_the_syn():
    def syn(mss: int) -> bytes:
        options = b"\x02\x04" + mss.to_bytes(2, "big")
        return ethernet(ipv4(tcp(sport=1, dport=80, seq=77, flags=SYN, options=options), src=A, dst=B, proto=6))

    rows = read({"a/e": [(1, syn(1460)), (2, syn(1398))]})
    prints = invariant_fingerprint(rows).tolist()
    assert prints[0] == prints[1] != 0


def test_an_ip_option_added_on_the_way_does_not_hide_the_segment():
    # Cilium's direct server return tells the service's address in an IP option of the SYN.
    segment = tcp(sport=1, dport=80, seq=77, flags=SYN)
    plain, marked = (ethernet(ipv4(segment, src=A, dst=B, proto=6, options=more)) for more in (b"", bytes(8)))
    prints = invariant_fingerprint(read({"a/e": [(1, plain), (2, marked)]})).tolist()
    assert prints[0] == prints[1] != 0


@pytest.mark.parametrize("frame", [
    ethernet(ipv4(tcp(sport=1, dport=2, seq=0, flags=4), src=A, dst=B, proto=6)),  # a RST of a closed port
    ethernet(ipv4(tcp(sport=1, dport=2, seq=9, flags=16), src=A, dst=B, proto=6)),  # a bare acknowledgment
    datagram(b"ab"),
    datagram(bytes(range(1, 20)), ident=0),
])  # fmt: skip
def test_what_names_no_packet_has_no_invariant_print(frame):
    assert invariant_fingerprint(read({"a/e": [(1, frame)]})).tolist() == [0]


def test_an_icmp_error_is_known_by_the_sequence_number_it_quotes():
    def error(src: str, dst: str, quoted: Segment) -> bytes:
        return ethernet(ipv4(icmp_error(quoted.packet()[:60], mtu=1400), src=src, dst=dst, proto=1, ident=5))

    one = Segment()
    rows = read({"a/e": [(1, error(B, NODE, one.but(src=NODE))), (2, error(B, one.src, one)),
                         (3, error(B, one.src, one.but(seq=1)))]})  # fmt: skip
    first, second, third = invariant_fingerprint(rows).tolist()
    assert first == second != 0 and third != first


def test_wireguard_messages_are_told_apart_by_their_counter():
    def message(counter: int) -> bytes:
        sealed = wireguard_data(receiver=7, counter=counter, sealed=64)
        return ethernet(ipv4(udp(sealed, sport=51871, dport=51871), src=A, dst=B, proto=17, ident=0))

    prints = fingerprint(read({"a/e": [(1, message(1)), (2, message(2)), (3, message(1))]}))
    assert prints[0] == prints[2] != prints[1]


def test_datagrams_without_ip_id_that_begin_alike_are_told_apart_by_the_rest():
    media = [datagram(bytes(12) + bytes((at,)), ident=0) for at in (1, 2)]
    rows = read({"a/e": list(enumerate(media)), "b/e": list(enumerate(media))})
    plain = fingerprint(rows)
    assert len(set(plain.tolist())) == 1
    first, second, third, fourth = told_apart_by_payload(rows, plain).tolist()
    assert first == third != second == fourth


def test_where_others_differ_datagrams_cut_at_different_lengths_are_not_compared():
    media = [(at, datagram(bytes(200) + bytes((at,)), ident=0)) for at in (1, 2)]
    rows = cut(media, 120)
    prints = told_apart_by_payload(rows, fingerprint(rows)).tolist()
    assert len(set(prints[:2])) == 2 and not set(prints[:2]) & set(prints[2:])


def test_one_datagram_cut_short_is_still_the_same():
    rows = cut([(1, datagram(bytes(200), ident=0))], 120)
    first, second = told_apart_by_payload(rows, fingerprint(rows)).tolist()
    assert first == second


def test_captured_payload_counts_what_the_file_holds():
    rows = cut([(1, datagram(bytes(200))), (2, datagram(b""))], 100)
    assert captured_payload(rows).tolist() == [200, 0, 58, 0]
    assert captured_payload(rows).dtype == np.int64
