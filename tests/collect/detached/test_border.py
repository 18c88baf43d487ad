"""The next packet in the middle of a pcap stream, against streams that were built record by record."""

from __future__ import annotations

import random
import struct
import time

import pytest

from captools.collect.detached.border import first_record

NOW = 1_790_000_000
HEADS = {
    "<": struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1),
    ">": struct.pack(">IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1),
}


def record(order: str, data: bytes, at: int = 0) -> bytes:
    """One record of a packet that came ``at`` seconds into the capture."""
    return struct.pack(f"{order}IIII", NOW + at, 999_999, len(data), len(data)) + data


def border(order: str, data: bytes) -> int | None:
    """Look for the first record of a capture that lasted ten minutes."""
    return first_record(data, HEADS[order], NOW * 10**9, (NOW + 600) * 10**9)


@pytest.mark.parametrize("order", "<>")
def test_cut_anywhere_the_next_whole_record_is_found(order):
    draw = random.Random(6)
    records = [record(order, draw.randbytes(draw.choice((0, 60, 200, 1500))), at) for at in range(30)]
    stream, starts, at = b"".join(records), [], 0
    for one in records:
        starts.append(at)
        at += len(one)
    for cut in range(0, len(stream) - 16, 7):
        following = next((start for start in starts if start >= cut), None)
        if following is not None and following <= len(stream) - 16:
            assert border(order, stream[cut:]) == following - cut
            assert border(order, stream[cut:-5]) == following - cut or len(stream) - 5 - following < 16


def test_a_pcap_inside_of_packets_is_not_taken_for_the_stream_itself():
    inner = b"".join(record("<", bytes(60)) for _ in range(100))
    pieces = [inner[at : at + 1400] for at in range(0, len(inner), 1400)]
    stream = b"".join(record("<", piece, at) for at, piece in enumerate(pieces))
    assert border("<", stream[20:]) == 16 + 1400 - 20


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (b"", HEADS["<"]),
        (bytes(15), HEADS["<"]),
        (bytes(5000), HEADS["<"]),
        (record("<", bytes(60), -200_000), HEADS["<"]),
        (record("<", bytes(60)), b""),
        (record("<", bytes(60)), bytes(24)),
    ],
)
def test_where_none_can_be_told_none_is(data, header):
    assert first_record(data, header, NOW * 10**9, (NOW + 600) * 10**9) is None


def test_bytes_that_look_like_headers_everywhere_take_no_longer():
    evil = struct.pack("<IIII", NOW, 0, 0, 0) * 65_000 + struct.pack("<IIII", NOW, 0, 1 << 31, 0)
    begun = time.process_time()
    assert border("<", evil) is None
    assert time.process_time() - begun < 10
