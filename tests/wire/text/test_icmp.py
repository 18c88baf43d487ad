"""ICMP lines."""

from __future__ import annotations

import pytest

R = "172.18.0.1 > 172.18.0.2:"


@pytest.mark.parametrize(("word", "kind"), [("request", 8), ("reply", 0)])
def test_an_echo_has_id_sequence_and_the_length_of_its_payload(row_of, word, kind):
    row = row_of(f"IP {R} ICMP echo {word}, id 698, seq 1, length 64")
    assert [row[name] for name in ("proto", "icmp_type", "icmp_id", "icmp_seq", "payload_len")] == [1, kind, 698, 1, 56]


def test_an_ipv6_echo_may_lack_its_id(row_of):
    row = row_of("IP6 fd00::1 > fd00::2: ICMP6, echo request, seq 7, length 64")
    assert (row["proto"], row["icmp_type"], row["icmp_seq"]) == (58, 128, 7) and "icmp_id" not in row


@pytest.mark.parametrize(
    ("text", "code", "more"),
    [
        ("172.18.0.1 udp port 53 unreachable", 3, {"quoted_proto": 17, "quoted_dport": 53}),
        ("172.18.0.1 tcp port http unreachable", 3, {"quoted_proto": 6, "quoted_dport": 80}),
        ("172.18.0.1 protocol 47 unreachable", 2, {"quoted_proto": 47}),
        ("172.18.0.1 unreachable - need to frag (mtu 1280)", 4, {"icmp_mtu": 1280}),
        ("host 172.18.0.1 unreachable", 1, {}),
        ("net 172.18.0.1 unreachable", 0, {}),
        ("host 172.18.0.1 unreachable - admin prohibited", 10, {}),
        ("host 172.18.0.1 unreachable - admin prohibited filter", 13, {}),
    ],
)
def test_an_unreachable_says_what_was(row_of, text, code, more):
    row = row_of(f"IP {R} ICMP {text}, length 53")
    assert (row["icmp_type"], row["icmp_code"], row["quoted_dst"], row["payload_len"]) == (3, code, "172.18.0.1", 45)
    assert {name: row[name] for name in more} == more


def test_dash_v_prints_the_packet_an_error_is_about(row_of):
    row = row_of(
        "IP (tos 0xc0, ttl 252, id 1530, offset 0, flags [none], proto ICMP (1), length 168)\n"
        "    10.0.2.1 > 10.0.1.2: ICMP time exceeded in-transit, length 148\n"
        "\tIP (tos 0x0, ttl 2, id 229, offset 0, flags [none], proto UDP (17), length 28)\n"
        "    10.0.1.2.49181 > 172.16.0.2.33445: UDP, length 0"
    )
    quoted = [row[f"quoted_{name}"] for name in ("src", "dst", "proto", "sport", "dport")]
    assert quoted == ["10.0.1.2", "172.16.0.2", 17, 49_181, 33_445]
    assert (row["src"], row["ttl"], row["icmp_type"], row["icmp_code"]) == ("10.0.2.1", 252, 11, 0)


@pytest.mark.parametrize(
    ("text", "kind", "more"),
    [
        ("packet too big, mtu 1280", 2, {"icmp_mtu": 1280}),
        ("neighbor solicitation, who has fe80::1", 135, {}),
        ("neighbor advertisement, tgt is fe80::1", 136, {}),
        ("time exceeded in-transit for fd00::9", 3, {"icmp_code": 0}),
        ("destination unreachable, unreachable port, fd00::9 udp port 53", 1, {"icmp_code": 4, "quoted_dport": 53}),
    ],
)
def test_icmpv6_messages(row_of, text, kind, more):
    row = row_of(f"IP6 fd00::1 > fd00::2: ICMP6, {text}, length 32")
    assert row["icmp_type"] == kind and {name: row[name] for name in more} == more


def test_an_unknown_message_is_icmp_all_the_same(row_of):
    row = row_of(f"IP {R} ICMP type-#99, length 20")
    assert row["proto"] == 1 and "icmp_type" not in row and "decode_stop" not in row
