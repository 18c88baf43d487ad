"""A buffer that many packets are written into at once: each call sets one field of all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Value = Ints | int


class Canvas:
    """``size`` zero bytes; positions are int64 arrays, values arrays of the same length or one number for all."""

    def __init__(self, size: int) -> None:
        self.bytes: npt.NDArray[np.uint8] = np.zeros(size, np.uint8)

    def u8(self, at: Ints, value: Value) -> None:
        """One byte."""
        self.bytes[at] = np.asarray(value) & 0xFF

    def u16(self, at: Ints, value: Value) -> None:
        """Big-endian 16-bit words."""
        self.u8(at, np.asarray(value) >> 8)
        self.u8(at + 1, value)

    def u32(self, at: Ints, value: Value, *, little: bool = False) -> None:
        """32-bit words, big-endian unless ``little``."""
        for place in range(4):
            self.u8(at + place, np.asarray(value) >> 8 * (place if little else 3 - place))

    def mac(self, at: Ints, kind: int, value: Value) -> None:
        """A locally administered MAC address: 02, ``kind``, and four bytes of ``value``."""
        self.u8(at, 0x02)
        self.u8(at + 1, kind)
        self.u32(at + 2, value)

    def block(self, at: Ints, data: bytes) -> None:
        """The same bytes at every position."""
        for place, byte in enumerate(data):
            self.u8(at + place, byte)

    def ipv4(self, at: Ints, total: Ints, ident: Ints, ttl: int, proto: Value, src: Ints, dst: Ints) -> None:
        """An IPv4 header without options, "don't fragment" set, checksum right (RFC 791, RFC 1071)."""
        self.u8(at, 0x45)
        for where, value in ((2, total), (4, ident), (6, 0x4000)):
            self.u16(at + where, value)
        self.u8(at + 8, ttl)
        self.u8(at + 9, proto)
        self.u32(at + 12, src)
        self.u32(at + 16, dst)
        checksum = 0x4500 + total + ident + 0x4000 + (ttl << 8) + np.asarray(proto)
        for address in (src, dst):
            checksum = checksum + (address >> 16) + (address & 0xFFFF)
        for _ in range(2):
            checksum = (checksum & 0xFFFF) + (checksum >> 16)
        self.u16(at + 10, ~checksum & 0xFFFF)
