"""Borders between records and lines, in pieces of any size and with lengths that lie."""

from __future__ import annotations

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from captools.agent.borders import LONGEST_LINE, LONGEST_RECORD, Lines, Records

SIZES = st.lists(st.integers(0, 200), max_size=30)
FORMS = {
    "us little": ("<", 0xA1B2C3D4, 1000),
    "ns little": ("<", 0xA1B23C4D, 1),
    "us big": (">", 0xA1B2C3D4, 1000),
    "ns big": (">", 0xA1B23C4D, 1),
}


def pcap(sizes: list[int], form: str = "ns little") -> tuple[bytes, list[int]]:
    """Return a capture file (draft-ietf-opsawg-pcap) and the offset behind each of its records."""
    order, magic, _ = FORMS[form]
    data = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 262144, 1)
    borders = []
    for number, size in enumerate(sizes):
        data += struct.pack(f"{order}IIII", 1000 + number, number, size, size) + bytes(size)
        borders.append(len(data))
    return data, borders


@given(sizes=SIZES, step=st.integers(1, 300), room=st.integers(1, 500))
@example(sizes=[0, 0, 0], step=1, room=1)
def test_every_border_is_one_between_records_however_the_bytes_come(sizes, step, room):
    data, borders = pcap(sizes)
    records, block, at, found = Records(), b"", 0, []
    for start in range(0, len(data), step):
        block += data[start : start + step]
        while (end := records.advance(block, 0, room)) > 0:
            at += end
            block = block[end:]
            found.append(at)
    assert block == b"" and not records.broken and set(found) <= {24, *borders}
    assert at == len(data)


def test_the_border_is_the_first_that_reaches_the_room():
    data, borders = pcap([100, 100, 100])
    assert Records().advance(data, 0, 1) == 24
    records = Records()
    assert records.advance(data, 0, 25) == borders[0] and records.advance(data, borders[0], 117) == borders[2]


@pytest.mark.parametrize("form", FORMS)
def test_stamps_of_the_first_and_last_record(form):
    data, _ = pcap([10, 20, 30], form)
    records = Records()
    records.advance(data, 0, len(data))
    unit = FORMS[form][2]
    assert (records.first_ns, records.last_ns) == (1000 * 10**9, 1002 * 10**9 + 2 * unit)


def test_a_length_that_lies_and_a_file_that_is_none_are_said():
    data, borders = pcap([10])
    records = Records()
    lie = data + struct.pack("<IIII", 1, 1, LONGEST_RECORD + 1, 1) + bytes(100)
    assert records.advance(lie, 0, len(lie)) == borders[0] and str(LONGEST_RECORD + 1) in records.broken
    assert records.advance(lie, borders[0], 10) == borders[0]
    other = Records()
    assert other.advance(bytes(50), 0, 10) == 0 and "no pcap" in other.broken


@given(
    lines=st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")), max_size=20),
    room=st.integers(1, 100),
)
def test_text_is_cut_behind_a_line(lines, room):
    block = b"".join(line + b"\n" for line in lines)
    at = 0
    while (end := Lines().advance(block, at, room)) > at:
        assert block[end - 1 : end] == b"\n"
        at = end
    assert at == len(block)


def test_a_line_without_end_is_cut_anywhere():
    assert Lines().advance(b"x" * 10, 0, 5) == 0
    assert Lines().advance(b"x" * (LONGEST_LINE + 1), 0, 5) == 5
