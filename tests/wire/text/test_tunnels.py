"""Tunnels: the line of the tunnel and that of the inner packet are one row."""

from __future__ import annotations

import pytest

from captools.wire.text.tunnels import opens

OUTER = "IP 192.168.10.100.46993 > 192.168.20.100.8472:"
INNER = "IP 172.20.0.88.41794 > 172.20.2.33.80: Flags [S], seq 951063534, win 64860, length 0"


@pytest.mark.parametrize(
    "words",
    ["OTV, flags [I] (0x08), overlay 0, instance 45966", "VXLAN, flags [I] (0x08), vni 45966"],
    ids=["4.99", "5.0"],
)
@pytest.mark.parametrize("joined", ["\n", " "], ids=["two lines", "joined by a mail program"])
def test_both_names_of_vxlan_give_the_identity_and_the_inner_packet(row_of, words, joined):
    row = row_of(f"{OUTER} {words}{joined}{INNER}")
    assert (row["tunnel"], row["vni"], row["depth"]) == ("vxlan", 45_966, 1)
    outer = [row[f"outer_{name}"] for name in ("src", "dst", "sport", "dport")]
    assert outer == ["192.168.10.100", "192.168.20.100", 46_993, 8472]
    assert (row["src"], row["dst"], row["dport"], row["seq"], row["tcp_flags"]) == (
        "172.20.0.88", "172.20.2.33", 80, 951063534, 2,
    )  # fmt: skip


def test_ethernet_of_both_layers(row_of):
    row = row_of(
        "02:42:ac:12:00:04 > 02:42:ac:12:00:02, ethertype IPv4 (0x0800), length 148: 172.18.0.4.42008 > "
        "172.18.0.2.8472: OTV, flags [I] (0x08), overlay 0, instance 21845\n"
        "e2:11:f9:ee:e2:a7 > 62:dc:dc:22:70:4e, ethertype IPv4 (0x0800), length 98: 10.0.0.178 > 10.0.2.39: "
        "ICMP echo request, id 69, seq 0, length 64"
    )
    assert (row["outer_eth_src"], row["eth_src"], row["wire_len"]) == ("02:42:ac:12:00:04", "e2:11:f9:ee:e2:a7", 148)
    assert (row["vni"], row["src"], row["icmp_id"]) == (21_845, "10.0.0.178", 69)


def test_both_headers_of_dash_v(row_of):
    row = row_of(
        "IP (tos 0x0, ttl 61, id 12520, offset 0, flags [none], proto UDP (17), length 7092)\n"
        "    10.25.132.11.60345 > 10.25.132.13.4789: VXLAN, flags [I] (0x08), vni 5001\n"
        "IP (tos 0x0, ttl 64, id 10282, offset 0, flags [DF], proto TCP (6), length 7042)\n"
        "    192.168.1.2.37099 > 192.168.1.1.41547: Flags [P.], seq 1925567864:1925574854, ack 2614339187, win 166, length 6990"
    )
    assert (row["outer_ttl"], row["ttl"], row["outer_ip_id"], row["ip_id"]) == (61, 64, 12_520, 10_282)
    assert (row["ip_len"], row["payload_len"], row["seq"]) == (7042, 6990, 1925567864)


def test_without_the_inner_line_the_packet_is_not_understood(row_of):
    row = row_of(f"{OUTER} OTV, flags [I] (0x08), overlay 0, instance 7")
    assert (row["vni"], row["decode_stop"]) == (7, "unread-text") and "src" not in row


def test_a_header_without_a_valid_identity_is_no_tunnel(row_of):
    row = row_of(f"{OUTER} OTV, flags [.] (0x00), overlay 0, instance 0")
    assert (row["tunnel"], row["proto"], row["dport"]) == ("none", 17, 8472)


@pytest.mark.parametrize(
    ("words", "kind", "vni"),
    [
        (
            "20.0.0.2.4 > 20.0.0.1.6081: Geneve, Flags [C], vni 0xa, proto TEB (0x6558), options [8 bytes]: ",
            "geneve",
            10,
        ),
        ("20.0.0.2 > 20.0.0.1: GREv0, key=0x28, length 88: ", "gre", 0x28),
        ("20.0.0.2 > 20.0.0.1: GREv0, length 88: ", "gre", None),
        ("20.0.0.2 > 20.0.0.1: ", "ipip", None),
    ],
)
def test_other_tunnels_hold_the_inner_packet_on_the_same_line(row_of, words, kind, vni):
    row = row_of(f"IP {words}IP 30.0.0.2 > 30.0.0.1: ICMP echo reply, id 10578, seq 23, length 64")
    assert (row["tunnel"], row.get("vni"), row["outer_src"], row["src"]) == (kind, vni, "20.0.0.2", "30.0.0.2")
    assert (row["icmp_id"], row["depth"]) == (10_578, 1)


def test_dash_v_puts_the_inner_packet_of_geneve_below_a_tab(row_of):
    row = row_of(
        "IP (tos 0x0, ttl 64, id 57261, offset 0, flags [DF], proto UDP (17), length 142)\n"
        "    20.0.0.1.12618 > 20.0.0.2.6081: [no cksum] Geneve, Flags [C], vni 0xa, options [class Standard (0x0) "
        "type 0x80(C) len 8 data 0000000c]\n"
        "\tIP (tos 0x0, ttl 63, id 48546, offset 0, flags [DF], proto ICMP (1), length 84)\n"
        "    30.0.0.1 > 30.0.0.2: ICMP echo request, id 10578, seq 23, length 64"
    )
    assert (row["vni"], row["outer_ip_id"], row["ip_id"], row["ttl"], row["src"]) == (
        10,
        57_261,
        48_546,
        63,
        "30.0.0.1",
    )


def test_dash_e_leaves_the_word_ip_out_of_inner_packets(row_of):
    row = row_of(
        "02:42:ac:12:00:04 > 02:42:ac:12:00:05, ethertype IPv4 (0x0800), length 94: 172.18.0.4 > 172.18.0.5: "
        "10.244.51.192.5705 > 10.244.79.1.80: Flags [S], seq 1975858239, win 64240, length 0"
    )
    assert (row["tunnel"], row["outer_dst"], row["dst"], row["dport"]) == ("ipip", "172.18.0.5", "10.244.79.1", 80)


def test_a_tunnel_in_a_tunnel_counts_its_depth(row_of):
    row = row_of(
        "IP 1.1.1.1 > 2.2.2.2: GREv0, length 9: IP 3.3.3.3 > 4.4.4.4: GREv0, length 9: IP 5.5.5.5 > 6.6.6.6: igmp"
    )
    assert (row["depth"], row["outer_src"], row["src"]) == (2, "1.1.1.1", "5.5.5.5")


def test_the_line_above_an_inner_packet_is_known_by_its_end():
    assert opens(f"{OUTER} OTV, flags [I] (0x08), overlay 0, instance 45966") and opens(
        "x: VXLAN, flags [I] (0x08), vni 100 "
    )
    assert not opens(INNER) and not opens("VXLAN, flags [I] (0x08), vni 100 IP 1.2.3.4 > 5.6.7.8: tcp 0")
