"""pcapng: interfaces with names and their own clocks, sections, and damage."""

from __future__ import annotations

import struct

import pytest

from captools.model.errors import MalformedCapture
from captools.wire.pcapng import read_pcapng
from captures.build import EN10MB, RAW, ethernet, pcapng

FRAMES = [(0, 1_700_000_000_123_456_789, ethernet(b"a" * 31)), (1, 1_700_000_001_000_000_000, b"\x45" + b"b" * 40)]
INTERFACES = ((EN10MB, "eth1"), (RAW, "cilium_wg0"))
pytestmark = pytest.mark.usefixtures("no_io")


@pytest.mark.parametrize("order", ["<", ">"])
def test_each_packet_belongs_to_its_interface_and_keeps_its_nanoseconds(order):
    records = read_pcapng(pcapng(FRAMES, interfaces=INTERFACES, order=order), "x")
    assert [(one.linktype, one.name) for one in records.interfaces] == list(INTERFACES)
    assert records.interface.tolist() == [0, 1]
    assert records.ts_ns.tolist() == [ts for _, ts, _ in FRAMES]
    assert records.cap_len.tolist() == [len(frame) for *_, frame in FRAMES]


def test_a_second_section_starts_its_interfaces_anew():
    data = pcapng(FRAMES, interfaces=INTERFACES)
    records = read_pcapng(data + data, "x")
    assert records.interface.tolist() == [0, 1, 2, 3]
    assert [one.name for one in records.interfaces] == ["eth1", "cilium_wg0"] * 2


@pytest.mark.parametrize(
    ("resolution", "ticks", "ns"), [(6, 5, 5_000), (9, 5, 5), (3, 5, 5_000_000), (0x8A, 1024, 10**9)]
)
def test_stamps_follow_the_interfaces_resolution(resolution, ticks, ns):
    data = bytearray(pcapng([(0, ticks, b"x" * 4)]))
    at = bytes(data).index(struct.pack("<HH", 9, 1))
    data[at + 4] = resolution
    assert read_pcapng(bytes(data), "x").ts_ns.tolist() == [ns]


def test_a_file_cut_in_a_block_keeps_the_packets_before_it():
    data = pcapng(FRAMES, interfaces=INTERFACES)
    records = read_pcapng(data[:-10], "x")
    assert len(records) == 1 and "remain" in records.damage


def test_a_packet_of_an_interface_that_no_block_describes_is_damage_not_a_crash():
    records = read_pcapng(pcapng([(7, 1, b"abcd")]), "x")
    assert len(records) == 0 and "interface 7" in records.damage


def test_a_file_whose_first_block_is_cut_is_an_error():
    with pytest.raises(MalformedCapture, match="x: block at byte 0"):
        read_pcapng(pcapng(FRAMES)[:20], "x")
