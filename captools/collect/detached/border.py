"""Where the next packet begins in the middle of a pcap stream whose beginning is gone. Pure.

A record header has no mark of its own. A place is taken for one when its stamp lies within the capture, its lengths
fit, and the headers that follow from it fit too, up to the end of what is known: bytes of a packet that look like a
header by chance lead nowhere.
"""

from __future__ import annotations

import struct

from captools.collect.records import FILE_HEADER, RECORD_HEADER, byte_order

MAX_RECORD = 1024 * 1024  # beyond libpcap's largest snap length of 262,144: some link types go further
MAX_PACKET = 16 * 1024 * 1024
SLACK_S = 86400  # clocks are set


def first_record(data: bytes, header: bytes, from_ns: int, to_ns: int) -> int | None:
    """Return the offset in ``data`` of its first record; None where none can be told.

    ``header``: the stream's pcap file header; ``from_ns``, ``to_ns``: between which the packets came.
    """
    order, units = byte_order(header)
    if not order or len(header) < FILE_HEADER:
        return None
    fits = _Fits(struct.Struct(f"{order}IIII"), from_ns // 10**9 - SLACK_S, to_ns // 10**9 + SLACK_S, units)
    return next((at for at in range(len(data) - RECORD_HEADER + 1) if fits.chain(data, at)), None)


class _Fits:
    """What a record header of this capture looks like. A place that led nowhere is not walked from twice."""

    def __init__(self, head: struct.Struct, from_s: int, to_s: int, units: int) -> None:
        self._head, self._from_s, self._to_s, self._units = head, from_s, to_s, units
        self._nowhere: set[int] = set()

    def chain(self, data: bytes, at: int) -> bool:
        """Tell whether records follow one another from ``at`` up to the end."""
        walked = []
        while at + RECORD_HEADER <= len(data):
            walked.append(at)
            seconds, fraction, kept, length = self._head.unpack_from(data, at)
            timely = self._from_s <= seconds <= self._to_s and fraction < self._units
            if at in self._nowhere or not timely or kept > min(length, MAX_RECORD) or length > MAX_PACKET:
                self._nowhere.update(walked)
                return False
            at += RECORD_HEADER + kept
        return True
