"""The bytes of a capture file that were read and not decoded yet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

PAD = 64  # bytes behind the data that a word read may touch
NOT_FOUND = -1  # the answer of a search
BUFFER = 1 << 19  # stays in the second-level cache


class Window:
    """A growing buffer: as long as the largest record, no longer.

    ``before`` is where in the file its first byte lies. ``ended``: nothing behind it can be decoded, whatever comes.
    """

    def __init__(self, before: int, buffer: int, first: bytes = b"") -> None:
        self.data: npt.NDArray[np.uint8] = np.zeros(max(buffer, len(first) + 1) + PAD, np.uint8)
        self.data[: len(first)] = np.frombuffer(first, np.uint8)
        self.have = len(first)
        self.before = before
        self.ended = False

    def space(self) -> memoryview:
        """Return where the next bytes belong; never empty."""
        if self.have + PAD >= len(self.data):  # one record fills it all: make room as its bytes arrive
            larger = np.zeros(2 * len(self.data), np.uint8)
            larger[: self.have] = self.data[: self.have]
            self.data = larger
        return self.data.data[self.have : len(self.data) - PAD]

    def add(self, count: int) -> None:
        """Take note that ``count`` bytes were put into ``space()``. Behind the end they are let go."""
        if not self.ended:
            self.have += count

    def drop(self, done: int) -> None:
        """Let go of the first ``done`` bytes."""
        left = self.have - done
        self.data[:left] = self.data[done : self.have].copy()
        self.have, self.before = left, self.before + done
