"""Classic pcap files: µs and ns, both byte orders, and the modified header of old Linux tools.

Format: draft-ietf-opsawg-pcap. The walk is one pass over the record headers; no packet byte is read here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from captools.model.errors import MalformedCapture
from captools.wire.records import Interface, Records, empty

# magic -> (byte order, ns per fraction tick, record header size)
MAGICS: dict[bytes, tuple[str, int, int]] = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000, 16),
    b"\xa1\xb2\xc3\xd4": (">", 1_000, 16),
    b"\x4d\x3c\xb2\xa1": ("<", 1, 16),
    b"\xa1\xb2\x3c\x4d": (">", 1, 16),
    b"\x34\xcd\xb2\xa1": ("<", 1_000, 24),  # modified pcap: ifindex, protocol and packet type follow
    b"\xa1\xb2\xcd\x34": (">", 1_000, 24),
}
FILE_HEADER = 24
# libpcap refuses longer records too; a larger claim means that the walk has lost the record boundaries.
MAX_RECORD = 262_144


Record = tuple[int, int, int, int, int]  # place of its first captured byte, cap_len, wire_len, seconds, fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the file header says: how records are to be read."""

    order: str  # of struct
    tick_ns: int
    record: int  # bytes of a record's header
    largest: int  # bytes that a record can have
    interface: Interface


def read_header(data: bytes | bytearray | memoryview, where: str) -> Header:
    """Read the file header that ``data`` begins with; raise MalformedCapture where it is cut or impossible."""
    order, tick_ns, record = MAGICS[bytes(data[:4])]
    if len(data) < FILE_HEADER:
        raise MalformedCapture(
            f"{where}: the pcap file header is cut after {len(data)} of {FILE_HEADER} bytes",
            hint="the copy was probably interrupted; copy or capture it again",
        )
    major, minor, _zone, _sigfigs, snaplen, network = struct.unpack_from(order + "HHiIII", data, 4)
    if major != 2:
        raise MalformedCapture(
            f"{where}: pcap version {major}.{minor} is not known", hint="version 2.4 is the one all tools write"
        )
    return Header(
        order=order,
        tick_ns=tick_ns,
        record=record,
        largest=max(MAX_RECORD, snaplen if snaplen < 1 << 28 else 0),
        interface=Interface(linktype=network & 0xFFFF, snaplen=snaplen),
    )


def damage_at(head: Header, number: int, at: int, rest: bytes | bytearray | memoryview) -> str:
    """Say why record ``number`` at byte ``at`` cannot be read, of which ``rest`` is there (its header is enough)."""
    where = f"record {number} at byte {at:,}"
    if len(rest) < head.record:
        return f"{where}: its header is cut after {len(rest)} of {head.record} bytes"
    (cap_len,) = struct.unpack_from(head.order + "I", rest, 8)
    if cap_len > head.largest:
        return f"{where} claims {cap_len:,} bytes, more than any frame can have"
    return f"{where} claims {cap_len:,} bytes, {len(rest) - head.record:,} remain"


def whole_records(data: bytes | bytearray | memoryview, at: int, head: Header) -> tuple[list[Record], int]:
    """Return the records that are whole in ``data`` from byte ``at`` on, and where the first one begins that is not."""
    unpack, header, size = struct.Struct(head.order + "IIII").unpack_from, head.record, len(data)
    found: list[Record] = []
    while at + header <= size:
        seconds, fraction, cap_len, wire_len = unpack(data, at)
        if cap_len > head.largest or at + header + cap_len > size:
            break
        found.append((at + header, cap_len, wire_len, seconds, fraction))
        at += header + cap_len
    return found, at


def read_pcap(data: bytes | bytearray | memoryview, where: str) -> Records:
    """Return the index of a pcap file; raise MalformedCapture where the file header is cut or impossible.

    A file that ends in mid-record keeps all whole records; ``damage`` then says where it was cut.
    """
    head = read_header(data, where)
    rows, at = whole_records(data, FILE_HEADER, head)
    damage = damage_at(head, len(rows) + 1, at, memoryview(data)[at:]) if at < len(data) else ""
    if not rows:
        return empty((head.interface,), damage)
    table = np.array(rows, np.int64)
    return Records(
        offset=table[:, 0].copy(),
        cap_len=table[:, 1].copy(),
        wire_len=table[:, 2].copy(),
        ts_ns=table[:, 3] * 1_000_000_000 + table[:, 4] * head.tick_ns,
        interface=np.zeros(len(table), np.int64),
        interfaces=(head.interface,),
        damage=damage,
    )
