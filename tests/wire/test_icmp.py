"""ICMP: echo numbers, and what an error says of the packet that caused it."""

from __future__ import annotations

import struct

from captures.build import ethernet, icmp_echo, icmp_error, ipv4, ipv6, tcp


def test_an_echo_tells_its_id_and_sequence(row_of):
    row = row_of(ethernet(ipv4(icmp_echo(b"x" * 56, ident=698, seq=1), src="172.20.0.88", dst="172.20.2.33", proto=1)))
    assert (row["icmp_type"], row["icmp_id"], row["icmp_seq"], row["payload_len"]) == (8, 698, 1, 56)


def test_fragmentation_needed_names_the_mtu_and_the_flow_it_hit(row_of):
    quoted = ipv4(tcp(sport=43000, dport=80, seq=77)[:8], src="172.20.0.88", dst="172.20.2.33", proto=6)
    row = row_of(ethernet(ipv4(icmp_error(quoted, mtu=1450), src="192.168.10.200", dst="172.20.0.88", proto=1)))
    assert (row["icmp_type"], row["icmp_code"], row["icmp_mtu"]) == (3, 4, 1450)
    assert (row["quoted_src"], row["quoted_dst"], row["quoted_proto"]) == ("172.20.0.88", "172.20.2.33", 6)
    assert (row["quoted_sport"], row["quoted_dport"], row["quoted_seq"]) == (43000, 80, 77)


def test_packet_too_big_does_the_same_for_ipv6(row_of):
    quoted = ipv6(tcp(sport=1, dport=2, seq=3), src="fd00::1", dst="fd00::2", proto=6)
    error = struct.pack("!BBHI", 2, 0, 0, 1280) + quoted
    row = row_of(ethernet(ipv6(error, src="fd00::9", dst="fd00::1", proto=58), kind=0x86DD))
    assert (row["icmp_mtu"], row["quoted_dst"], row["quoted_seq"]) == (1280, "fd00::2", 3)


def test_a_quote_that_is_cut_short_gives_what_is_there(row_of):
    quoted = ipv4(b"", src="10.0.0.1", dst="10.0.0.2", proto=6)
    row = row_of(ethernet(ipv4(icmp_error(quoted), src="10.0.0.3", dst="10.0.0.1", proto=1)))
    assert (row["quoted_dst"], row["quoted_sport"]) == ("10.0.0.2", None)
