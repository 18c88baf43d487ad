"""A pcap stream in pieces of any size: the records that are whole, piece by piece, without decoding them. Pure.

Format: draft-ietf-opsawg-pcap. Per record one length is read; all other fields are read at once.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from captools.model.errors import MalformedCapture
from captools.wire.bytesview import Ints
from captools.wire.pcap import FILE_HEADER, MAGICS, Header, read_header


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole records of one piece: ``data`` holds them, record headers included; one entry per record."""

    data: bytes
    offset: Ints  # of the first captured byte
    cap_len: Ints
    wire_len: Ints
    ts_ns: Ints

    def __len__(self) -> int:
        return len(self.offset)


class RecordStream:
    """Reads one stream. ``header`` is known once it has come; after ``damage`` nothing more is read."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._rest = b""
        self.header: Header | None = None
        self.damage = ""

    def feed(self, data: bytes) -> Batch | None:
        """Take the next bytes; return the records that are whole now, None where there are none."""
        if self.damage:
            return None
        data = self._rest + data if self._rest else data
        self._rest = b""
        if self.header is None:
            self._begin(data)
            if self.header is None:
                self._rest = data
                return None
            data = data[FILE_HEADER:]
        places, end = self._whole(data, self.header)
        self._rest = data[end:]
        return _batch(data, places, self.header) if places else None

    def _begin(self, data: bytes) -> None:
        if len(data) >= 4 and data[:4] not in MAGICS:
            self.damage = f"{self._where}: starts with {data[:4].hex(' ')}, which no pcap does"
            return
        if len(data) < FILE_HEADER:
            return
        try:
            self.header = read_header(data, self._where)
        except MalformedCapture as error:
            self.damage = error.message

    def _whole(self, data: bytes, header: Header) -> tuple[list[int], int]:
        """Return where the headers of whole records lie, and where the first record begins that is not whole."""
        unpack, head, largest = struct.Struct(header.order + "8xI").unpack_from, header.record, header.largest
        places: list[int] = []
        at, last = 0, len(data) - head
        while at <= last:
            (cap_len,) = unpack(data, at)
            after = at + head + cap_len
            if after > len(data):
                if cap_len > largest:
                    self.damage = f"{self._where}: a record claims {cap_len:,} bytes, more than any frame can have"
                break
            places.append(at)
            at = after
        return places, at


def _batch(data: bytes, places: list[int], header: Header) -> Batch:
    at = np.array(places, np.int64)
    # Words at any byte: a view with a step of one byte instead of four.
    words = np.ndarray((len(data) - 3,), header.order + "u4", data, 0, (1,))
    seconds, fraction, cap_len, wire_len = (words[at + place].astype(np.int64) for place in (0, 4, 8, 12))
    return Batch(data, at + header.record, cap_len, wire_len, seconds * 1_000_000_000 + fraction * header.tick_ns)
