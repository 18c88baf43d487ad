"""Where a stream may be cut: between pcap records, between lines. Pure.

A ring or a spool that throws its oldest part away must begin at a record, or nobody can read it. Lengths come
from a tool, so they may lie: then the stream is cut anywhere from there on, and ``broken`` says why.
"""

from __future__ import annotations

import struct
from typing import Optional

FILE_HEADER = 24
RECORD_HEADER = 16
# libpcap's largest snap length is 262,144, but some link types go beyond.
LONGEST_RECORD = 1024 * 1024
LONGEST_LINE = 64 * 1024
# magic as it stands in the file -> byte order, nanoseconds per unit (pcap: draft-ietf-opsawg-pcap, section 4)
_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}


class Records:
    """Borders between pcap records; also the stamps of the first and last record since ``restart``."""

    def __init__(self, header: bytes = b"") -> None:
        self.broken = ""
        self.first_ns = 0
        self.last_ns = 0
        self._length: Optional[struct.Struct] = None
        if header:
            self._read_header(header)

    def restart(self) -> None:
        """A new segment begins."""
        self.first_ns = self.last_ns = 0

    def advance(self, block: bytes, offset: int, room: int) -> int:
        """Return the first border at or behind ``offset + room``, or else the last one in ``block``.

        ``offset`` is a border. Returned unchanged where no record is whole, or where ``broken``.
        """
        at, size, goal = offset, len(block), offset + room
        if self._length is None:
            if size - at < FILE_HEADER or not self._read_header(block[at : at + FILE_HEADER]):
                return offset
            at += FILE_HEADER
        assert self._length is not None
        unpack, last_start, first, last = self._length.unpack_from, size - RECORD_HEADER, at, -1
        while at < goal and at <= last_start:
            length = unpack(block, at)[0]
            following = at + RECORD_HEADER + length
            if following > size:
                if length > LONGEST_RECORD:
                    self.broken = "a record claims %d bytes" % length
                break
            last = at
            at = following
        if last >= 0:
            self.first_ns = self.first_ns or self.stamp_ns(block, first)
            self.last_ns = self.stamp_ns(block, last)
        return at

    def stamp_ns(self, block: bytes, offset: int) -> int:
        """Return the stamp of the record at ``offset``: nanoseconds since 1970."""
        seconds, fraction = self._stamp.unpack_from(block, offset)
        return int(seconds) * 1_000_000_000 + int(fraction) * self._unit

    def _read_header(self, header: bytes) -> bool:
        known = _MAGICS.get(header[:4])
        if known is None:
            self.broken = "it starts with %s, which no pcap does" % header[:4].hex()
            return False
        order, self._unit = known
        self._length = struct.Struct(order + "8xI4x")
        self._stamp = struct.Struct(order + "II")
        return True


class Lines:
    """Borders between lines of text."""

    broken = ""
    first_ns = 0
    last_ns = 0

    def restart(self) -> None:
        """A new segment begins."""

    def advance(self, block: bytes, offset: int, room: int) -> int:
        """Return the end of the first line that reaches ``offset + room``, or else of the last one in ``block``."""
        found = block.find(b"\n", max(offset, offset + room - 1))
        if found < 0:
            found = block.rfind(b"\n", offset)
        if found < 0 and len(block) - offset > LONGEST_LINE:
            return offset + max(1, min(room, len(block) - offset))
        return found + 1 if found >= 0 else offset
