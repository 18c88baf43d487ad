"""WireGuard is known by its bytes, not by its port."""

from __future__ import annotations

import struct

import pytest

from captools.wire import decode
from captures.build import ethernet, ipv4, pcap, udp, vxlan, wireguard_data, wireguard_handshake
from tests.wire.layers import ODD_MESSAGE, WIREGUARD, over_udp

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


@pytest.mark.parametrize(
    ("name", "kind", "counter", "messages"),
    [
        ("wg-initiation", 1, None, None), ("wg-response", 2, None, None), ("wg-cookie", 3, None, None),
        ("wg-keepalive", 4, 1, 1), ("wg-data", 4, 1 << 40, 1), ("wg-three", 4, 5, 3), ("wg-two-unpadded", 4, 8, 2),
    ],
)  # fmt: skip
def test_messages_in_one_datagram_are_counted_and_the_first_one_told(row_of, name, kind, counter, messages):
    row = row_of(WIREGUARD[name])
    assert (row["wg_type"], row["wg_counter"], row["wg_messages"]) == (kind, counter, messages)


def test_the_message_size_is_found_whatever_the_count_and_the_rest(row_of):
    for count in (2, 7, 40):
        for rest in (0, 16, 32):  # sealed bytes of a shorter last message; none where 0
            parts = [wireguard_data(receiver=3, counter=9 + at, sealed=64) for at in range(count)]
            parts += [wireguard_data(receiver=3, counter=9 + count, sealed=rest)] if rest else []
            row = row_of(over_udp(b"".join(parts), 51_871))
            assert (row["wg_counter"], row["wg_messages"]) == (9, count + (rest > 0))


def test_a_following_message_must_be_of_the_same_session_and_the_next_number(row_of):
    first = wireguard_data(receiver=3, counter=9, sealed=64)
    for receiver, counter in ((4, 10), (3, 11), (3, 9)):
        body = first + wireguard_data(receiver=receiver, counter=counter, sealed=64)
        assert row_of(over_udp(body, 51_871))["wg_messages"] == 1


def test_what_a_cut_datagram_holds_is_not_known(rows_of):
    (row,) = rows_of(pcap([(1, WIREGUARD["wg-three"])], snaplen=14 + 20 + 8 + 40))
    assert (row["wg_type"], row["wg_counter"], row["wg_messages"]) == (4, 5, None)
    (row,) = rows_of(pcap([(1, WIREGUARD["wg-three"])], snaplen=14 + 20 + 8 + 140))
    assert row["wg_messages"] == 3


def test_several_messages_prove_themselves_on_any_port(row_of):
    body = ODD_MESSAGE + wireguard_data(receiver=1, counter=9, sealed=40)
    assert row_of(over_udp(body, 5_000))["wg_messages"] == 2
    assert row_of(over_udp(ODD_MESSAGE, 5_000))["wg_type"] is None


def test_a_handshake_anywhere_in_the_file_proves_its_ports_however_the_file_is_read(rows_of, monkeypatch):
    shake = over_udp(wireguard_handshake(kind=2), 4_000, 9)
    frames = [over_udp(ODD_MESSAGE, 4_000), over_udp(ODD_MESSAGE, 4_001), over_udp(ODD_MESSAGE, 8, 9), shake,
              over_udp(ODD_MESSAGE, 9)]  # fmt: skip
    found = []
    for rows in (65_536, 1, 2, 3):
        monkeypatch.setattr(decode, "BATCH_ROWS", rows)
        for order in (frames, frames[::-1]):
            told = [row["wg_type"] for row in rows_of(pcap(list(enumerate(order))))]
            found.append(told if order is frames else told[::-1])
    assert found == [[4, None, 4, 2, 4]] * 8


def test_a_rejected_message_keeps_nothing_of_wireguard(rows_of):
    (row,) = rows_of(pcap([(1, over_udp(ODD_MESSAGE, 4_000))]))
    assert {row[name] for name in row if name.startswith("wg_")} == {None}
    assert (row["dport"], row["payload_len"]) == (4_000, 1_437)


def test_a_handshake_inside_a_tunnel_proves_nothing_outside(rows_of):
    shake = over_udp(vxlan(over_udp(wireguard_handshake(kind=1), 4_000), vni=7), 8472)
    inside = over_udp(vxlan(over_udp(ODD_MESSAGE, 4_000), vni=7), 8472)
    rows = rows_of(pcap(list(enumerate([shake, over_udp(ODD_MESSAGE, 4_000), inside]))))
    assert [row["wg_type"] for row in rows] == [1, None, 4]


@pytest.mark.parametrize("name", [b"\x03www\x07example\x03com\0", b"\x0bkube-system\0", b"\x04ab.d\0"])
def test_dns_whose_number_looks_like_a_type_stays_dns(rows_of, name):
    # Number 0x0400 and no flags: the first four bytes of a data message. A handshake vouches for the port beside it.
    query = b"\x04\0\0\0\0\x01\0\0\0\0\0\1" + name + b"\0\1\0\1" + b"\0\0\x29\x10\0\0\0\0\0\0\0"
    shake = over_udp(wireguard_handshake(kind=1), 51_871, 51_871)
    for sport, dport in ((51_871, 53), (53, 51_871), (51_871, 5_353)):
        rows = rows_of(pcap([(1, shake), (2, over_udp(query, dport, sport))]))
        assert [row["wg_type"] for row in rows] == [1, None]


def test_a_message_of_no_number_that_a_session_reaches_is_none(row_of):
    assert row_of(over_udp(wireguard_data(receiver=1, counter=1 << 60, sealed=64), 51_871))["wg_type"] is None
    assert row_of(over_udp(wireguard_data(receiver=1, counter=(1 << 60) - 1, sealed=64), 51_871))["wg_type"] == 4
