"""Writing pcapng: its blocks as bytes, many packets at once (draft-ietf-opsawg-pcapng, sections 4.1 to 4.6). Pure.

All blocks are little-endian and all stamps nanoseconds, whatever the capture they come from has.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from captools.wire.blocks import ENHANCED_PACKET, INTERFACE, SECTION, STATISTICS
from captools.wire.bytesview import Ints

_BYTE_ORDER_MAGIC = 0x1A2B3C4D
_UNKNOWN_LENGTH = -1  # of a section: it is still being written
_NANOSECONDS = b"\x09"
_SHB_USERAPPL = 4
_IF_NAME, _IF_DESCRIPTION, _IF_TSRESOL, _IF_FILTER = 2, 3, 9, 11
_ISB_ENDTIME, _ISB_IFRECV, _ISB_IFDROP, _ISB_USRDELIV = 3, 4, 5, 8
_HEADER = 28  # of an enhanced packet block, before the packet's bytes
_WORDS = 9  # room for padding, the length after the block before, then the header


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What an interface description block says. ``filter`` is a capture filter."""

    linktype: int
    snaplen: int = 0
    name: str = ""
    description: str = ""
    filter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What an interface statistics block says at the end; None where nobody knows."""

    received: int | None = None
    dropped: int | None = None
    delivered: int | None = None


def section(application: str) -> bytes:
    """Return the section header block that a file begins with."""
    head = struct.pack("<IHHq", _BYTE_ORDER_MAGIC, 1, 0, _UNKNOWN_LENGTH)
    return _block(SECTION, head + _options((_SHB_USERAPPL, application.encode())))


def interface(described: Described) -> bytes:
    """Return an interface description block; interfaces are numbered from 0 in the order of their blocks."""
    return _block(
        INTERFACE,
        struct.pack("<HHI", described.linktype, 0, described.snaplen)
        + _options(
            (_IF_NAME, described.name.encode("utf-8", "replace")),
            (_IF_DESCRIPTION, described.description.encode("utf-8", "replace")),
            (_IF_TSRESOL, _NANOSECONDS),
            # The first byte says that a filter string of libpcap's syntax follows.
            (_IF_FILTER, b"\0" + described.filter.encode("utf-8", "replace") if described.filter else b""),
        ),
    )


def packets(interfaces: Ints, ts_ns: Ints, wire_len: Ints, kept: Sequence[bytes]) -> bytes:
    """Return one enhanced packet block for each packet; ``kept`` are their captured bytes.

    Between the bytes of two packets lie padding, the length of the one block and the header of the next: all of
    these are made at once, so that what is done per packet is to cut and to join.
    """
    count = len(kept)
    if not count:
        return b""
    cap_len = np.fromiter(map(len, kept), np.int64, count)
    padding = -cap_len % 4
    total = _HEADER + cap_len + padding + 4
    stamps = ts_ns.astype(np.uint64)
    words = np.zeros((count, _WORDS), "<u4")
    words[1:, 1] = total[:-1]
    words[:, 2] = ENHANCED_PACKET
    words[:, 3] = total
    words[:, 4] = interfaces
    words[:, 5] = stamps >> np.uint64(32)
    words[:, 6] = stamps & np.uint64(0xFFFFFFFF)
    words[:, 7] = cap_len
    words[:, 8] = wire_len
    between = words.tobytes()
    ends = np.arange(1, count + 1) * (4 * _WORDS)
    starts = ends - _HEADER
    starts[1:] -= 4 + padding[:-1]
    pieces: list[bytes] = [b""] * (2 * count + 1)
    pieces[0:-1:2] = [between[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    pieces[1::2] = kept
    pieces[-1] = bytes(int(padding[-1])) + struct.pack("<I", int(total[-1]))
    return b"".join(pieces)


def statistics(number: int, ts_ns: int, counts: Counts) -> bytes:
    """Return the interface statistics block of interface ``number``, as things stand at ``ts_ns``."""
    head = struct.pack("<III", number, ts_ns >> 32, ts_ns & 0xFFFFFFFF)
    known = ((_ISB_IFRECV, counts.received), (_ISB_IFDROP, counts.dropped), (_ISB_USRDELIV, counts.delivered))
    return _block(
        STATISTICS,
        head
        + _options(
            (_ISB_ENDTIME, struct.pack("<II", ts_ns >> 32, ts_ns & 0xFFFFFFFF)),
            *((code, struct.pack("<Q", count)) for code, count in known if count is not None),
        ),
    )


def _options(*options: tuple[int, bytes]) -> bytes:
    """Return options, those without a value left out; a value's length has 16 bits."""
    held = [(code, value[:0xFFFF]) for code, value in options if value]
    return b"".join(
        struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4) for code, value in (*held, (0, b""))
    )


def _block(kind: int, body: bytes) -> bytes:
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)
