"""Unaligned big- and little-endian words at every byte offset of a buffer, as numpy views (no copy)."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]

PAD = 16  # zero bytes after the data, so that a word read at the last byte stays inside the buffer


class Slices(Protocol):
    """Bytes by their places: a memoryview, or what reads a file piece by piece. Starts and ends are told."""

    def __getitem__(self, part: slice, /) -> memoryview:
        """Return the bytes from ``part.start`` to ``part.stop``."""


class BytesView:
    """A capture's bytes, readable as words at any offset.

    Offsets are int64 arrays. The caller checks bounds (``offset + size <= end``); the padding only
    keeps a wrong read inside our own memory.
    """

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self.size = len(data)
        self.bytes: U8 = np.zeros(self.size + PAD, np.uint8)
        self.bytes[: self.size] = np.frombuffer(data, np.uint8)

    def _view(self, kind: str, width: int) -> npt.NDArray[Any]:
        return np.ndarray((self.size + PAD - width + 1,), kind, self.bytes, 0, (1,))

    def u8(self, at: Ints) -> Ints:
        """Bytes at ``at``."""
        return self.bytes[at].astype(np.int64)

    def u16(self, at: Ints) -> Ints:
        """Big-endian 16-bit words."""
        return self._view(">u2", 2)[at].astype(np.int64)

    def u32(self, at: Ints) -> Ints:
        """Big-endian 32-bit words."""
        return self._view(">u4", 4)[at].astype(np.int64)

    def u32le(self, at: Ints) -> Ints:
        """Little-endian 32-bit words."""
        return self._view("<u4", 4)[at].astype(np.int64)

    def u64le(self, at: Ints) -> U64:
        """Little-endian 64-bit words."""
        return self._view("<u8", 8)[at].astype(np.uint64)

    def u64(self, at: Ints) -> U64:
        """Big-endian 64-bit words."""
        return self._view(">u8", 8)[at].astype(np.uint64)

    def strings(self, at: Ints, width: int) -> U8:
        """``width`` bytes at each offset, shape (len(at), width)."""
        found: U8 = self.bytes[at[:, None] + np.arange(width, dtype=np.int64)]
        return found
