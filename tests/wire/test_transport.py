"""Transport headers: options in any order, lengths that lie, ports kept when the rest is cut."""

from __future__ import annotations

import struct

from captures.build import ethernet, ipv4, pcap, tcp, udp


def packet(segment: bytes, proto: int = 6) -> bytes:
    return ethernet(ipv4(segment, src="10.0.0.1", dst="10.0.0.2", proto=proto))


def test_all_options_are_read_in_any_order(row_of):
    options = b"\x01\x03\x03\x07" + b"\x02\x04\x05\x82" + b"\x08\x0a" + struct.pack("!II", 3355448797, 5) + b"\x04\x02"
    row = row_of(packet(tcp(sport=1, dport=2, flags=2, options=options)))
    assert (row["wscale"], row["mss"], row["tsval"], row["tsecr"]) == (7, 1410, 3355448797, 5)


def test_selective_acknowledgements_give_their_edges(row_of):
    options = b"\x01\x01\x05\x12" + struct.pack("!IIII", 10, 20, 30, 40)
    assert row_of(packet(tcp(sport=1, dport=2, options=options)))["sack"] == [10, 20, 30, 40]
    assert row_of(packet(tcp(sport=1, dport=2)))["sack"] is None


def test_options_that_lie_about_their_length_end_the_options_not_the_row(row_of):
    for options in (b"\x08\x00\x00\x00", b"\x08\xff\x00\x00", b"\x02\x01\x00\x00", b"\x08\x0a\x00\x00"):
        row = row_of(packet(tcp(b"pay", sport=1, dport=2, options=options)))
        assert (row["tsval"], row["mss"], row["payload_len"], row["decode_stop"]) == (None, None, 3, None)


def test_a_header_shorter_than_five_words_is_malformed_and_keeps_its_ports(row_of):
    segment = bytearray(tcp(sport=1, dport=2))
    segment[12] = 0x30
    row = row_of(packet(bytes(segment)))
    assert (row["sport"], row["dport"], row["decode_stop"]) == (1, 2, "malformed")


def test_a_cut_that_leaves_four_bytes_leaves_the_ports(rows_of):
    (row,) = rows_of(pcap([(1, packet(tcp(b"x" * 50, sport=7, dport=8)))], snaplen=14 + 20 + 4))
    assert (row["sport"], row["dport"], row["seq"], row["decode_stop"]) == (7, 8, None, "truncated")


def test_the_payload_is_as_long_as_the_headers_say_even_where_it_was_not_captured(rows_of):
    (row,) = rows_of(pcap([(1, packet(tcp(b"x" * 500, sport=7, dport=8)))], snaplen=100))
    assert (row["payload_len"], row["cap_len"], row["decode_stop"]) == (500, 100, None)


def test_udp_lite_counts_coverage_and_sctp_has_ports_first(row_of):
    lite = struct.pack("!HHHH", 5, 6, 8, 0) + b"0123456789"
    row = row_of(packet(lite, proto=136))
    assert (row["sport"], row["dport"], row["payload_len"]) == (5, 6, 10)
    row = row_of(packet(struct.pack("!HHII", 7, 8, 0, 0) + b"chunk", proto=132))
    assert (row["sport"], row["dport"], row["payload_len"]) == (7, 8, 5)


def test_a_udp_length_shorter_than_its_header_is_malformed(row_of):
    datagram = struct.pack("!HHHH", 5, 6, 3, 0) + b"abc"
    assert row_of(packet(datagram, proto=17))["decode_stop"] == "malformed"
    assert row_of(packet(udp(b"abc", sport=5, dport=6), proto=17))["decode_stop"] is None
