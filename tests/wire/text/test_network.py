"""Addresses, ports and the header that -v prints."""

from __future__ import annotations

import pytest

from captools.wire.text.network import begins, network
from captools.wire.text.table import new_row

V4 = "(tos 0x2,ECT(0), ttl 63, id 21750, offset 0, flags [DF], proto TCP (6), length 60, options (RR 1.2.3.4))"


@pytest.mark.parametrize(
    ("ends", "src", "sport", "dst", "dport"),
    [
        ("10.0.0.1.80 > 10.0.0.2.443", "10.0.0.1", 80, "10.0.0.2", 443),
        ("10.1.8.10.http > 10.96.0.10.domain", "10.1.8.10", 80, "10.96.0.10", 53),
        ("fe80::1.1234 > ff02::2.53", "fe80::1", 1234, "ff02::2", 53),
        ("::1.80 > 2001:db8::10.1.5353", "::1", 80, None, 5353),
    ],
)
def test_ports_stand_behind_the_address(row_of, ends, src, sport, dst, dport):
    row = row_of(f"IP{'6' if '::' in ends else ''} {ends}: UDP, length 4")
    assert (row.get("src"), row["sport"], row.get("dst"), row["dport"]) == (src, sport, dst, dport)


def test_addresses_without_ports(row_of):
    row = row_of("IP6 fe80::1 > ff02:::  ICMP6, router solicitation, length 16")
    assert (row["src"], row["dst"], row["ip_version"], row["ethertype"]) == ("fe80::1", "ff02::", 6, 0x86DD)


def test_names_leave_the_address_unknown_but_not_the_port(row_of):
    row = row_of("IP curl-pod.41794 > 10.96.189.34.http: Flags [S], seq 1, win 64860, length 0")
    assert "src" not in row and (row["sport"], row["dst"], row["dport"]) == (41_794, "10.96.189.34", 80)


def test_the_header_of_dash_v(row_of):
    row = row_of(
        f"IP {V4}\n    10.1.5.10.35814 > 10.1.8.10.80: Flags [S], cksum 0x581a (correct), seq 9, win 5, length 0"
    )
    expected = {"dscp": 0, "ecn": 2, "ttl": 63, "ip_id": 21_750, "frag_offset": 0, "dont_fragment": True,
                "more_fragments": False, "proto": 6, "ip_len": 60, "src": "10.1.5.10", "dport": 80, "seq": 9}  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_one_line_form_of_dash_v_dash_g_is_the_same(row_of):
    two = row_of(f"IP {V4}\n    10.1.5.10.35814 > 10.1.8.10.80: Flags [S], seq 9, win 5, length 0")
    assert row_of(f"IP {V4} 10.1.5.10.35814 > 10.1.8.10.80: Flags [S], seq 9, win 5, length 0") == two


@pytest.mark.parametrize("colon", [", payload length 40", " payload length: 40"], ids=["5.0", "4.99"])
def test_the_ipv6_header_of_dash_v(row_of, colon):
    row = row_of(
        f"IP6 (class 0xb9, flowlabel 0xb986b, hlim 62, next-header TCP (6){colon}) fd00::2.1 > fd00::1.2: tcp 0"
    )
    assert (row["ttl"], row["ip_len"], row["dscp"], row["ecn"], row["proto"]) == (62, 80, 46, 1, 6)


def test_a_later_fragment_has_no_ports_and_says_so(row_of):
    row = row_of(
        "IP (tos 0x0, ttl 64, id 40073, offset 2960, flags [none], proto UDP (17), length 1120)\n"
        "    192.168.0.254 > 192.168.0.2: ip-proto-17"
    )
    assert (row["frag_offset"], row["decode_stop"], row["proto"]) == (2960, "later-fragment", 17)
    assert "sport" not in row


def test_ipv6_fragments(row_of):
    first = row_of("IP6 fd00::1 > fd00::2: frag (0|1448) 6363 > 6364: UDP, length 5379")
    assert (first["sport"], first["dport"], first["frag_offset"]) == (6363, 6364, 0)
    assert "payload_len" not in first  # 5379 is the length of the whole datagram
    later = row_of("IP6 fd00::1 > fd00::2: frag (1448|1448)")
    assert (later["frag_offset"], later["decode_stop"]) == (1448, "later-fragment") and "proto" not in later


def test_extension_headers_are_passed(row_of):
    row = row_of(
        "IP6 (hlim 1, next-header HBH (0), payload length 36) fe80::1 > ff02::16: HBH (rtalert: 0x0000) (padn) "
        "[icmp6 sum ok] ICMP6, multicast listener report v2, 1 group record(s), length 28"
    )
    assert (row["proto"], row["icmp_type"], row["ttl"]) == (58, 143, 1)


def test_remarks_in_front_of_the_header_are_passed(row_of):
    row = row_of("IP truncated-ip - 20 bytes missing! 10.0.0.1.80 > 10.0.0.2.81: tcp 20")
    assert (row["src"], row["dport"]) == ("10.0.0.1", 81)
    row = row_of(
        "IP [total length 85 > length 84] (invalid) (tos 0x0, ttl 64, id 61862, offset 0, flags [none], "
        "proto UDP (17), length 85)\n    140.211.9.206.39095 > 45.33.127.156.53: 37546+ [1au] A? www.tcpdump.org. (56)"
    )
    assert (row["ttl"], row["src"], row["payload_len"]) == (64, "140.211.9.206", 56)


def test_what_begins_like_an_inner_packet():
    assert begins("IP 10.0.0.1 > 10.0.0.2: x") and begins("(tos 0x0, ttl 1)") and begins("fd00::1.2 > fd00::2.3: tcp 0")
    assert not begins("UDP, length 4") and not begins("6363 > 6364: UDP, length 9")


def test_a_bracket_that_never_closes_is_no_header():
    assert network(new_row(), "IP (tos 0x0, ttl 64") is None
