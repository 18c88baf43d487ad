"""Byte ranges decoded at the same time: the same tables as in one pass, also where a guess was wrong."""

from __future__ import annotations

import io
import struct

import pytest

from captools.model.narrow import SIDE_TABLES
from captures import build
from captures.generate import generate
from tests.wire.equality import compiled, mutated

pytestmark = pytest.mark.slow


def reader(data: bytes):
    def read_at(space: memoryview, at: int) -> int:
        return io.BytesIO(data[at : at + len(space)]).readinto(space)

    return read_at


def assert_ranges_equal_one_pass(data: bytes, threads: int, monkeypatch) -> None:
    from captools.wire import parallel

    monkeypatch.setattr(parallel, "_SMALLEST", 1 << 16)
    found, whole = parallel.decode_ranges(reader(data), len(data), threads=threads), compiled(data)
    assert found.packets.combine_chunks().equals(whole.packets.combine_chunks())
    assert found.lanes.equals(whole.lanes)
    assert all(found.sides[name].equals(whole.sides[name]) for name in SIDE_TABLES)
    assert found.damage_note == whole.damage_note


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_ranges_give_the_tables_of_one_pass(threads, monkeypatch):
    data = b"".join(generate(packets=8_000, seed=3))
    assert_ranges_equal_one_pass(data, threads, monkeypatch)
    assert_ranges_equal_one_pass(mutated(data, 1)[:-5], threads, monkeypatch)


def test_a_capture_inside_the_payload_misleads_nobody(monkeypatch):
    inner = build.pcap([(at, b"x" * 60) for at in range(20)])[24:]
    data = build.pcap([(at, build.ethernet(inner)) for at in range(400)])
    assert_ranges_equal_one_pass(data, 2, monkeypatch)


def test_a_break_in_the_middle_ends_the_tables_there_as_in_one_pass(monkeypatch):
    data = bytearray(b"".join(generate(packets=4_000, seed=3)))
    from captools.wire.pcap import read_pcap

    at = int(read_pcap(bytes(data), "t").offset[1_000]) - 16
    data[at + 8 : at + 12] = struct.pack("<I", 0x7FFFFFFF)
    assert_ranges_equal_one_pass(bytes(data), 2, monkeypatch)
