"""Classic pcap: every header variant, and every way a file can end early."""

from __future__ import annotations

import struct

import pytest

from captools.model.errors import MalformedCapture
from captools.wire.pcap import read_pcap
from captures.build import ethernet, pcap

FRAMES = [(1_700_000_000_123_456_789, ethernet(b"a" * 30)), (1_700_000_001_000_000_000, ethernet(b"b" * 60))]
pytestmark = pytest.mark.usefixtures("no_io")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nanoseconds", [True, False])
def test_both_byte_orders_and_both_resolutions_give_the_same_index(order, nanoseconds):
    data = pcap(FRAMES, order=order, nanoseconds=nanoseconds)
    records = read_pcap(data, "x.pcap")
    tick = 1 if nanoseconds else 1000
    assert records.ts_ns.tolist() == [ts // tick * tick for ts, _ in FRAMES]
    assert [data[at : at + n] for at, n in zip(records.offset, records.cap_len, strict=True)] == [f for _, f in FRAMES]
    assert records.damage == ""


def test_the_modified_header_of_old_linux_tools_is_24_bytes_long():
    head = struct.pack("<IHHiIII", 0xA1B2CD34, 2, 4, 0, 0, 65535, 1)
    record = struct.pack("<IIIIIHBB", 5, 6, 4, 4, 2, 0x0800, 0, 0) + b"abcd"
    records = read_pcap(head + record, "x.pcap")
    assert (records.offset.tolist(), records.ts_ns.tolist()) == ([48], [5_000_006_000])


@pytest.mark.parametrize("size", range(24, 24 + 16 + 44 + 16 + 74))
def test_a_file_cut_anywhere_keeps_its_whole_records_and_says_where_it_was_cut(size):
    one = 24 + 16 + 44
    records = read_pcap(pcap(FRAMES)[:size], "x.pcap")
    assert len(records) == (1 if size >= one else 0)
    assert bool(records.damage) is (size not in (24, one))


def test_a_record_longer_than_any_frame_ends_the_walk_with_a_sentence():
    data = bytearray(pcap(FRAMES))
    struct.pack_into("<I", data, 24 + 16 + 44 + 8, 0x7FFFFFFF)
    records = read_pcap(bytes(data), "x.pcap")
    assert len(records) == 1
    assert "2,147,483,647" in records.damage and "record 2" in records.damage


def test_a_cut_file_header_and_an_unknown_version_are_errors_that_name_the_file():
    with pytest.raises(MalformedCapture, match=r"x\.pcap: the pcap file header is cut"):
        read_pcap(pcap(FRAMES)[:20], "x.pcap")
    with pytest.raises(MalformedCapture, match=r"version 1\.4"):
        read_pcap(struct.pack("<IHHiIII", 0xA1B2C3D4, 1, 4, 0, 0, 65535, 1), "x.pcap")
