"""IPsec: what is in clear is told, AH is followed, and port 4500 alone proves nothing."""

from __future__ import annotations

import pytest

from captures import build
from tests.wire.layers import IPSEC, OURS_ALONE, over4, over_udp

pytestmark = pytest.mark.usefixtures("no_io")
ESP, AH = 50, 51


@pytest.mark.parametrize(
    ("name", "proto", "spi", "seq"),
    [
        ("ah", AH, 0x1234, 77), ("ah-6", AH, 0x1234, 77), ("ah-hop-by-hop", AH, 1, 2), ("ah-tunnel", AH, 0x1234, 77),
        ("esp", ESP, 0xC0FFEE01, 5), ("esp-6", ESP, 0xC0FFEE01, 5), ("esp-udp", ESP, 0xC0FFEE01, 5),
        ("esp-udp-answer", ESP, 0xC0FFEE01, 5), ("esp-in-vxlan", ESP, 0xC0FFEE01, 5), ("ah-esp", ESP, 3_000, 5),
        ("nat-keepalive", None, None, None), ("ike-udp", None, None, None),
    ],
)  # fmt: skip
def test_spi_and_sequence_number_are_told(row_of, name, proto, spi, seq):
    row = row_of({**IPSEC, **OURS_ALONE}[name])
    assert (row["ipsec_proto"], row["ipsec_spi"], row["ipsec_seq"], row["decode_stop"]) == (proto, spi, seq, None)


@pytest.mark.parametrize(("name", "src"), [("ah", "192.0.2.1"), ("ah-6", "2001:db8::a"), ("ah-tunnel", "10.0.0.1")])
def test_ah_is_followed_to_what_it_protects(row_of, name, src):
    row = row_of(IPSEC[name])
    assert (row["src"], row["proto"], row["dport"], row["seq"], row["payload_len"]) == (src, 6, 80, 99, 4)


def test_the_payload_of_esp_is_what_it_seals_and_esp_in_udp_stays_a_datagram(row_of):
    assert row_of(IPSEC["esp"])["payload_len"] == 40
    row = row_of(IPSEC["esp-udp"])
    assert (row["proto"], row["sport"], row["payload_len"]) == (17, 4500, 48)


def test_a_cut_header_gives_the_field_that_fits(rows_of):
    frame = IPSEC["esp"]
    (row,) = rows_of(build.pcap([(1, frame)], snaplen=14 + 20 + 6))
    assert (row["ipsec_spi"], row["ipsec_seq"], row["decode_stop"]) == (0xC0FFEE01, None, "truncated")
    assert row_of_short(rows_of)["decode_stop"] == "malformed"


def row_of_short(rows_of):
    (row,) = rows_of(build.pcap([(1, over4(b"\0\0\1\2\0\0", 50))]))
    return row


def test_a_reserved_spi_on_port_4500_is_no_esp(row_of):
    assert row_of(over_udp(build.esp(bytes(40), spi=255, seq=5), 4500))["ipsec_spi"] is None
    assert row_of(over_udp(build.esp(bytes(40), spi=256, seq=5), 4501))["ipsec_spi"] is None


def test_wireguard_on_port_4500_is_wireguard(row_of):
    row = row_of(over_udp(build.wireguard_data(receiver=7, counter=9, sealed=64), 4500))
    assert (row["wg_type"], row["ipsec_spi"]) == (4, None)
