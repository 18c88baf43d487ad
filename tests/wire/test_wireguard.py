"""WireGuard is known by its bytes, not by its port."""

from __future__ import annotations

import struct

import pytest

from captures.build import ethernet, ipv4, udp, wireguard_data

SHAPES = {1: 148, 2: 92, 3: 64}


def sent(payload: bytes, *, sport: int = 51871, dport: int = 51871) -> bytes:
    return ethernet(ipv4(udp(payload, sport=sport, dport=dport), src="192.168.10.100", dst="192.168.10.101", proto=17))


@pytest.mark.parametrize(("kind", "size"), SHAPES.items())
def test_handshakes_are_found_on_any_port_by_their_exact_length(row_of, kind, size):
    message = struct.pack("<III", kind, 7, 9) + b"\0" * (size - 12)
    row = row_of(sent(message, sport=3000, dport=4000))
    wanted = {1: (7, None), 2: (7, 9), 3: (None, 7)}[kind]
    assert (row["wg_type"], row["wg_sender"], row["wg_receiver"]) == (kind, *wanted)
    assert row_of(sent(message[:-1]))["wg_type"] is None


def test_a_data_message_tells_its_receiver_and_its_counter(row_of):
    row = row_of(sent(wireguard_data(receiver=0xCAFE, counter=1 << 40, sealed=96)))
    assert (row["wg_type"], row["wg_receiver"], row["wg_counter"], row["payload_len"]) == (4, 0xCAFE, 1 << 40, 112)


def test_dns_on_the_wireguard_port_is_not_wireguard(row_of):
    # The DNS proxy was seen using source port 51871 (cilium#30901).
    query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03com\x00\x00\x01\x00\x01"
    assert row_of(sent(query, dport=53))["wg_type"] is None


def test_a_full_size_message_need_not_be_padded_but_then_its_port_must_be_known(row_of):
    message = wireguard_data(receiver=1, counter=1, sealed=1421 - 16)
    assert row_of(sent(message))["wg_type"] == 4
    assert row_of(sent(message, sport=1000, dport=2000))["wg_type"] is None
