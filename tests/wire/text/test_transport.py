"""TCP, UDP and the others."""

from __future__ import annotations

import pytest

E = "IP 10.0.0.1.41794 > 10.0.0.2.80:"
SYN = (
    f"{E} Flags [S], seq 951063534, win 64860, options [mss 1410,sackOK,TS val 3355448797 ecr 0,nop,wscale 7], length 0"
)


def test_a_syn_with_its_options(row_of):
    row = row_of(SYN)
    expected = {"proto": 6, "tcp_flags": 2, "seq": 951063534, "window": 64860, "mss": 1410, "tsval": 3355448797,
                "tsecr": 0, "wscale": 7, "payload_len": 0, "sport": 41794, "dport": 80}  # fmt: skip
    assert {name: row[name] for name in expected} == expected and "ack" not in row


@pytest.mark.parametrize(
    ("letters", "flags"),
    [
        ("S.", 0x12),
        ("P.", 0x18),
        ("F.", 0x11),
        ("R", 0x04),
        (".", 0x10),
        ("SEW", 0xC2),
        ("U", 0x20),
        ("none", 0),
        ("e.", 0x110),
    ],
)
def test_flags_are_letters(row_of, letters, flags):
    assert row_of(f"{E} Flags [{letters}], seq 1, win 5, length 0")["tcp_flags"] == flags


def test_relative_numbers_never_stand_in_the_table(row_of):
    row = row_of(f"{E} Flags [P.], seq 1:71, ack 1, win 502, length 70: HTTP: GET / HTTP/1.1")
    assert "seq" not in row and "ack" not in row and (row["payload_len"], row["window"]) == (70, 502)


def test_relative_numbers_behind_their_handshake_are_made_absolute(rows_of):
    back = "IP 10.0.0.2.80 > 10.0.0.1.41794:"
    rows = rows_of(
        f"10:00:00.000001 {SYN}\n"
        f"10:00:00.000002 {back} Flags [S.], seq 754334218, ack 951063535, win 64296, length 0\n"
        f"10:00:00.000003 {E} Flags [P.], seq 1:71, ack 1, win 507, length 70\n"
        f"10:00:00.000004 {back} Flags [.], ack 71, win 502, options [nop,nop,sack 1 {{1449:2897}}], length 0\n"
    )
    assert [(row.get("seq"), row.get("ack")) for row in rows[2:]] == [(951063535, 754334219), (None, 951063605)]
    assert rows[3]["sack"] == [951063534 + 1449, 951063534 + 2897]


def test_another_tcpdump_process_in_the_same_log_starts_anew(rows_of):
    listening = "listening on eth1, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n"
    ack = f"10:00:00.000003 {E} Flags [.], ack 1, win 507, length 0\n"
    opening = (
        f"10:00:00.000001 {SYN}\n"
        "10:00:00.000002 IP 10.0.0.2.80 > 10.0.0.1.41794: Flags [S.], seq 754334218, ack 951063535, win 6, length 0\n"
    )
    rows = rows_of(f"{listening}{opening}{ack}{listening}{ack}")
    assert (rows[2].get("ack"), rows[3].get("ack")) == (754334219, None)


def test_payload_text_is_no_header(row_of):
    row = row_of(f"{E} Flags [P.], seq 1:9, ack 1, win 2, length 8: HTTP: GET /?ack 7, win 9 mss 1 HTTP/1.1")
    assert (row["window"], row["payload_len"]) == (2, 8) and "mss" not in row


@pytest.mark.parametrize(
    ("text", "proto", "length"),
    [
        ("UDP, length 118", 17, 118),
        ("[udp sum ok] UDP, length 5", 17, 5),
        ("[bad udp cksum 0xa0a5 -> 0xd93a!] UDP, length 5", 17, 5),
        ("22836+ [1au] A? www.tcpdump.org. (56)", 17, 56),
        ("54858* 0/1/0 (128)", 17, 128),
        ("23722 NXDomain*- 0/1/0 (148)", 17, 148),
        ("isakmp: phase 1 I ident", 17, None),
        ("tcp 75", 6, 75),
        ("sctp (1) [INIT] [init tag: 1491719410]", 132, None),
    ],
)
def test_the_protocol_and_the_length_of_the_payload(row_of, text, proto, length):
    row = row_of(f"{E} {text}")
    assert (row["proto"], row.get("payload_len"), row["sport"], row["dport"]) == (proto, length, 41_794, 80)


@pytest.mark.parametrize(
    ("text", "proto"),
    [
        ("ESP(spi=0xc0f7d4c3,seq=0x1), length 100", 50),
        ("igmp query v2", 2),
        ("OSPFv2, Hello, length 44", 89),
        ("ip-proto-253 14", 253),
    ],
)
def test_protocols_without_ports(row_of, text, proto):
    row = row_of(f"IP 10.0.0.1 > 10.0.0.2:  {text}")
    assert row["proto"] == proto and "sport" not in row and "decode_stop" not in row


def test_a_header_the_capture_cut_is_truncated(row_of):
    row = row_of(f"{E}  [|tcp]")
    assert (row["proto"], row["decode_stop"]) == (6, "truncated")


def test_fragments_of_known_protocols_have_no_ports(row_of):
    row = row_of("IP 192.168.0.254 > 192.168.0.2: udp")
    assert (row["proto"], row["decode_stop"]) == (17, "later-fragment")
