"""IPv4 and IPv6 headers: lengths that lie, fragments, options and extension headers."""

from __future__ import annotations

import struct

from captures.build import ethernet, ipv4, ipv6, jumbo, tcp, udp
from tests.wire.layers import TRANSPORT


def test_padding_behind_a_short_packet_is_not_payload(row_of):
    packet = ipv4(udp(b"ab", sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2", proto=17)
    assert row_of(ethernet(packet + b"\0" * 18))["payload_len"] == 2


def test_total_length_zero_is_a_super_frame_that_ends_with_the_frame(row_of):
    segment = tcp(b"x" * 2000, sport=1, dport=2)
    row = row_of(ethernet(ipv4(segment, src="10.0.0.1", dst="10.0.0.2", proto=6, total=0)))
    assert (row["ip_len"], row["payload_len"], row["decode_stop"]) == (2040, 2000, None)


def test_ipv6_payload_length_zero_is_a_super_frame_too(row_of):
    segment = tcp(b"x" * 70_000, sport=1, dport=2)
    row = row_of(ethernet(ipv6(segment, src="fd00::1", dst="fd00::2", proto=6, payload=0), kind=0x86DD))
    assert (row["ip_len"], row["payload_len"]) == (70_060, 70_000)


def test_a_later_fragment_keeps_its_addresses_and_claims_no_ports(row_of):
    row = row_of(ethernet(ipv4(b"y" * 40, src="10.0.0.1", dst="10.0.0.2", proto=17, fragment=185, flags=0)))
    assert (row["src"], row["frag_offset"], row["sport"], row["decode_stop"]) == (
        "10.0.0.1",
        1480,
        None,
        "later-fragment",
    )


def test_options_are_stepped_over(row_of):
    packet = ipv4(udp(b"", sport=7, dport=8), src="10.0.0.1", dst="10.0.0.2", proto=17, options=b"\x94\x04\x00\x00")
    assert row_of(ethernet(packet))["dport"] == 8


def test_a_header_length_below_five_words_is_malformed(row_of):
    packet = bytearray(ipv4(udp(b"", sport=7, dport=8), src="10.0.0.1", dst="10.0.0.2", proto=17))
    packet[0] = 0x44
    row = row_of(ethernet(bytes(packet)))
    assert (row["decode_stop"], row["decode_stop_at"], row["src"]) == ("malformed", 14, None)


def test_extension_headers_lead_to_the_transport_and_the_fragment_header_is_read(row_of):
    hop_by_hop = struct.pack("!BB6x", 44, 0)
    fragment = struct.pack("!BBHI", 17, 0, 0x0001, 0xABCD)
    chain = hop_by_hop + fragment + udp(b"z", sport=9, dport=10)
    row = row_of(ethernet(ipv6(chain, src="fd00::1", dst="fd00::2", proto=0), kind=0x86DD))
    assert (row["proto"], row["dport"], row["ip_id"], row["more_fragments"]) == (17, 10, 0xABCD, True)


def test_a_chain_of_extension_headers_without_end_stops_and_says_so(row_of):
    chain = struct.pack("!BB6x", 60, 0) * 40
    row = row_of(ethernet(ipv6(chain, src="fd00::1", dst="fd00::2", proto=60), kind=0x86DD))
    assert row["decode_stop"] == "too-deep"


def test_a_jumbogram_ends_where_it_says_and_not_with_the_frame(row_of):
    for name in ("jumbo", "jumbo-padded"):
        row = row_of(TRANSPORT[name])
        assert (row["ip_len"], row["payload_len"], row["proto"]) == (70_068, 70_000, 6)


def test_a_jumbo_length_that_is_none_is_ignored(row_of):
    small = jumbo(tcp(b"x" * 100, sport=1, dport=2), following=6)  # RFC 2675, section 3: must be above 65,535
    row = row_of(ethernet(ipv6(small, src="fd00::1", dst="fd00::2", proto=0, payload=0) + b"PP", kind=0x86DD))
    assert row["payload_len"] == 102


def test_a_super_frame_above_64_kib_is_measured_by_its_frame(row_of):
    row = row_of(TRANSPORT["large-super-frame"])
    assert (row["ip_len"], row["payload_len"], row["decode_stop"]) == (70_040, 70_000, None)


def test_sctp_and_udp_lite_have_ports(row_of):
    for name in ("sctp", "udp-lite"):
        row = row_of(TRANSPORT[name])
        assert (row["sport"], row["dport"], row["decode_stop"]) == (5, 6, None)
