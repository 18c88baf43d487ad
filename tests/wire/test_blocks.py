"""Blocks of a pcapng: what they say, and what is wrong with a damaged one; tshark as the judge."""

from __future__ import annotations

import subprocess

import pytest

from captools.model.errors import MalformedCapture
from captools.wire.blocks import MAX_BLOCK, Clock, Sections, damage_at
from captools.wire.pcapng import read_pcapng
from tests.wire import ngblocks


def frames_by_tshark(path, data: bytes) -> list[tuple[str, str, str]]:
    """Return (time, captured length, interface) of each packet that tshark reads before it gives up."""
    path.write_bytes(data)
    fields = ("frame.time_epoch", "frame.cap_len", "frame.interface_id")
    argv = ["tshark", "-n", "-r", str(path), "-T", "fields", *(word for one in fields for word in ("-e", one))]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    rows = [tuple(line.split("\t")) for line in done.stdout.splitlines()]
    return [row for row in rows if row[0]]  # tshark shows a custom block as a frame, without a time


def ours(data: bytes) -> list[tuple[str, str, str]]:
    records = read_pcapng(data, "x")
    rows = zip(records.ts_ns.tolist(), records.cap_len.tolist(), records.interface.tolist(), strict=True)
    return [(f"{ts // 10**9}.{ts % 10**9:09}", str(cap_len), str(index)) for ts, cap_len, index in rows]


@pytest.mark.parametrize("order", ["<", ">"])
def test_all_kinds_of_blocks_are_read_as_tshark_reads_them(tmp_path, order):
    data = ngblocks.section(order) + ngblocks.interface(1, order=order, resolution=9) + b"".join(
        (
            ngblocks.enhanced(bytes(60), order=order, ticks=1_700_000_000_123_456_789),
            ngblocks.interface(101, order=order, resolution=0x8A, offset_s=100),
            ngblocks.enhanced(bytes(60), order=order, index=1, ticks=1_700_000_000 << 10 | 512),
            ngblocks.block(0xBAD, b"private", order),
            ngblocks.interface(1, order=order),
            ngblocks.obsolete(bytes(20), order=order, index=2, ticks=1_700_000_000_123_456),
        )
    )  # fmt: skip
    assert ours(data) == frames_by_tshark(tmp_path / "a.pcapng", data)
    assert ours(data)[1] == ("1700000100.500000000", "60", "1")


@pytest.mark.parametrize(
    ("damaged", "says"),
    [
        (ngblocks.block(6, bytes(20), again=36), "its length is 32 at its beginning and 36 at its end"),
        (ngblocks.enhanced(b"abcd", index=5), "a packet of interface 5, which no block describes"),
        (ngblocks.enhanced(b"abcd", cap_len=9), "a packet claims 9 bytes, its block holds 4"),
        (ngblocks.block(6, bytes(8)), "too short for its kind"),
        (b"\6\0\0\0\x0b\0\0\0" + bytes(12), "claims the impossible length 11"),
        (b"\6\0\0\0" + (MAX_BLOCK + 4).to_bytes(4, "little") + bytes(12), "claims the impossible length 67,108,868"),
    ],
)
def test_a_damaged_block_ends_the_file_for_tshark_and_for_us(tmp_path, damaged, says):
    good = ngblocks.section() + ngblocks.interface() + ngblocks.enhanced(b"x" * 20)
    data = good + damaged + ngblocks.enhanced(b"y" * 20)
    records = read_pcapng(data, "x")
    assert len(records) == 1 == len(frames_by_tshark(tmp_path / "a.pcapng", data))
    assert records.damage == f"block at byte {len(good):,}{' ' if says.startswith('claims') else ': '}{says}"


def test_a_cut_block_says_how_much_of_it_is_there():
    sections, data = Sections(), memoryview(ngblocks.section())
    for end in range(len(data)):
        step = sections.step(data, 0, end)
        assert step.cut and step.length == 0
    assert damage_at(0, step) == "block at byte 0 claims 28 bytes, 27 remain"
    assert not sections.step(data, 0, len(data)).problem


def test_a_copy_goes_its_own_way():
    sections = Sections()
    sections.step(memoryview(ngblocks.interface(name="a")), 0, 1 << 10)
    copy = sections.copy()
    copy.step(memoryview(ngblocks.interface(name="b")), 0, 1 << 10)
    assert [len(one.interfaces) for one in (sections, copy)] == [1, 2]


def test_a_section_that_is_too_short_to_be_one_is_no_file():
    with pytest.raises(MalformedCapture, match="too short for its kind"):
        read_pcapng(ngblocks.block(0x0A0D0D0A, b"\x4d\x3c\x2b\x1a" + bytes(4)) + ngblocks.interface(), "x")


@pytest.mark.parametrize(
    ("clock", "ticks", "ns"),
    [
        (Clock(), 5, 5_000),
        (Clock(9), 5, 5),
        (Clock(12), 5_999, 5),
        (Clock(0x80 | 10), 1_536, 1_500_000_000),
        (Clock(6, -1), 5_000_000, 4_000_000_000),
        (Clock(0), 1 << 40, (1 << 63) - 1),
        (Clock(9, -(1 << 63)), 0, -(1 << 63)),
    ],
)
def test_stamps_become_nanoseconds_and_never_leave_64_bits(clock, ticks, ns):
    assert clock.to_ns(ticks) == ns
