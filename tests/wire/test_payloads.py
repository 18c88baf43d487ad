"""Payload hashes: equal bytes give equal numbers wherever they stand; other bytes, other numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from captures.build import ethernet, ipv4, pcap, sll2, udp, vxlan


def sent(payload: bytes, sport: int = 1) -> bytes:
    return ipv4(udp(payload, sport=sport, dport=53), src="10.0.0.1", dst="10.0.0.2", proto=17)


@given(st.binary(min_size=1, max_size=300))
def test_the_same_payload_hashes_alike_at_every_point(rows_of, payload):
    plain = rows_of(pcap([(1, ethernet(sent(payload)))]))[0]
    cooked = rows_of(pcap([(1, sll2(sent(payload, sport=9)))], linktype=276))[0]
    outer = udp(vxlan(ethernet(sent(payload)), vni=3), sport=1, dport=8472)
    tunnel = rows_of(pcap([(1, ethernet(ipv4(outer, src="192.0.2.1", dst="192.0.2.2", proto=17)))]))[0]
    assert plain["payload_hash"] == cooked["payload_hash"] == tunnel["payload_hash"]
    assert plain["payload_head"] == tunnel["payload_head"] == int.from_bytes(payload[:8], "big")


@given(st.binary(min_size=1, max_size=200), st.data())
def test_one_changed_byte_changes_the_hash(rows_of, payload, data):
    at = data.draw(st.integers(0, len(payload) - 1))
    other = payload[:at] + bytes([payload[at] ^ data.draw(st.integers(1, 255))]) + payload[at + 1 :]
    a, b = rows_of(pcap([(1, ethernet(sent(payload))), (2, ethernet(sent(other)))]))
    assert a["payload_hash"] != b["payload_hash"]


def test_a_shorter_payload_of_the_same_bytes_is_another_one(rows_of):
    a, b = rows_of(pcap([(1, ethernet(sent(b"\0" * 8))), (2, ethernet(sent(b"\0" * 16)))]))
    assert a["payload_hash"] != b["payload_hash"]


def test_no_payload_has_no_hash_and_a_cut_head_is_not_told(rows_of):
    assert rows_of(pcap([(1, ethernet(sent(b"")))]))[0]["payload_hash"] is None
    (row,) = rows_of(pcap([(1, ethernet(sent(b"0123456789")))], snaplen=14 + 28 + 4))
    assert row["payload_head"] is None and row["payload_hash"] is not None
