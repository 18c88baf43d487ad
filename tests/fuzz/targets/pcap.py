"""Any bytes are a packet table with a row for each whole record, or MalformedCapture; nothing else."""

from __future__ import annotations

import struct

from tests.fuzz.container import mutate
from tests.fuzz.frames import pcaps
from tests.fuzz.readers import check_rows, records_of

MAX_LEN = 4_096
seeds = pcaps
__all__ = ["MAX_LEN", "check", "mutate", "seeds"]


def check(data: bytes) -> None:
    """Read a capture."""
    records = records_of(data)
    if records is None or data[:4] == b"\n\r\r\n":
        return
    packets = check_rows(data, records)
    lengths = whole_records(data)
    assert packets["cap_len"].to_pylist() == lengths, "a whole record has no row"
    assert bool(records.damage) == (24 + sum(lengths) + header(data) * len(lengths) < len(data))


def header(data: bytes) -> int:
    return 24 if b"\xa1\xb2\xcd\x34" in (data[:4], data[3::-1]) else 16


def whole_records(data: bytes) -> list[int]:
    """Return the lengths of the records, by the draft's few words: nothing is read that the file does not hold."""
    order = ">" if data[0] == 0xA1 else "<"
    (snaplen,) = struct.unpack_from(order + "I", data, 16)
    most = max(262_144, snaplen if snaplen < 1 << 28 else 0)
    lengths, at = [], 24
    while at + header(data) <= len(data):
        (length,) = struct.unpack_from(order + "I", data, at + 8)
        at += header(data) + length
        if length > most or at > len(data):
            break
        lengths.append(length)
    return lengths
