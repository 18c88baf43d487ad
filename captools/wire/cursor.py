"""A cursor over bytes that were cut or lie: what is not there raises ``Short``, which readers of one message catch."""

from __future__ import annotations


class Short(Exception):
    """Fewer bytes are there than the message says."""


class Cursor:
    """Reads big-endian numbers and blocks, never beyond ``end``."""

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end

    def __len__(self) -> int:
        return self.end - self.at

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes; raises Short."""
        if size > self.end - self.at:
            raise Short
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size: int) -> int:
        """Return the next ``size`` bytes as a number; raises Short."""
        return int.from_bytes(self.take(size), "big")

    def block(self, size: int) -> Cursor:
        """Return a cursor over the bytes behind a length of ``size`` bytes, and step over them; raises Short."""
        return Cursor(self.take(self.number(size)))


def printable(data: bytes, special: bytes = b"\\") -> str:
    """Return bytes as ASCII text; others, and those in ``special``, as \\DDD (RFC 1035, section 5.1)."""
    return "".join(chr(one) if 0x20 < one < 0x7F and one not in special else f"\\{one:03d}" for one in data)
