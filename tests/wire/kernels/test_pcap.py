"""A pcap whole or in pieces: whatever the buffer and the parts, the same tables."""

from __future__ import annotations

import struct

import pytest

from captools.model.narrow import SIDE_TABLES
from captures import build
from captures.generate import generate
from tests.wire.equality import compiled, in_pieces

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("buffer", "part_rows"), [(1, 1), (16, 3), (600, 100), (4096, 65_536), (1 << 18, 1032)])
def test_any_buffer_and_any_part_give_the_same_tables(buffer, part_rows):
    data = b"".join(generate(packets=3_000, seed=2))
    whole, pieces = compiled(data), in_pieces(data, [1 << 20], buffer=buffer, part_rows=part_rows)
    assert pieces.packets.combine_chunks().equals(whole.packets.combine_chunks())
    assert pieces.lanes.equals(whole.lanes)
    assert all(pieces.sides[name].equals(whole.sides[name]) for name in SIDE_TABLES)


def test_bytes_that_come_one_by_one_or_in_odd_lots_give_the_same_tables():
    data = b"".join(generate(packets=60, seed=2))
    whole = compiled(data)
    for sizes in ([1], [7, 1, 300], [15, 17]):
        assert in_pieces(data, sizes).packets.combine_chunks().equals(whole.packets.combine_chunks())


def test_a_record_larger_than_the_buffer_is_held_whole():
    frame = build.ethernet(build.ipv4(build.tcp(b"x" * 200_000, sport=1, dport=2), src="10.0.0.1", dst="10.0.0.2",
                                      proto=6, total=0))  # fmt: skip
    data = build.pcap([(1, b"small"), (2, frame), (3, b"small")])
    found = in_pieces(data, [10_000], buffer=64)
    assert found.packets["cap_len"].to_pylist() == [5, len(frame), 5]


@pytest.mark.parametrize("cut", [24, 25, 39, 40, 41, 60])
def test_a_cut_file_keeps_its_whole_records_and_says_where_it_ends(cut):
    from captools.wire.pcap import read_pcap

    data = build.pcap([(1, b"a" * 20), (2, b"b" * 20)])[:cut]
    found = compiled(data)
    assert len(found) == (1 if cut >= 60 else 0)
    assert found.damage_note == read_pcap(data, "test").damage


def test_an_impossible_length_ends_the_walk_there():
    from captools.wire.pcap import read_pcap

    data = build.pcap([(1, b"a" * 20)]) + struct.pack("<IIII", 1, 1, 0x7FFFFFFF, 20) + b"c" * 100
    found = compiled(data)
    assert (len(found), found.damage_note) == (1, read_pcap(data, "test").damage)
    assert "more than any frame" in found.damage_note


@pytest.mark.parametrize(("order", "nanoseconds"), [("<", True), ("<", False), (">", True), (">", False)])
def test_both_byte_orders_and_both_clocks(order, nanoseconds):
    data = build.pcap([(1_700_000_000_123_456_789, b"x" * 20)], order=order, nanoseconds=nanoseconds)
    assert compiled(data).packets["ts_ns"].to_pylist() == [1_700_000_000_123_456_789 if nanoseconds else
                                                          1_700_000_000_123_456_000]  # fmt: skip


def test_the_modified_header_of_old_tools_is_walked_too():
    head = b"\x34\xcd\xb2\xa1" + struct.pack("<HHiIII", 2, 4, 0, 0, 65_535, 1)
    record = struct.pack("<IIIIIHBB", 5, 6, 4, 60, 2, 8, 0, 0)
    found = compiled(head + record + b"abcd" + record + b"efgh")
    assert found.packets["cap_len"].to_pylist() == [4, 4]
    assert found.packets["wire_len"].to_pylist() == [60, 60]
