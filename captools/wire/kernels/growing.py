"""Zeroed rows that grow in place: their pages are moved, never copied, and those never touched take no memory."""

from __future__ import annotations

import mmap

import numpy as np
import numpy.typing as npt


class Growing:
    """``rows`` rows of ``size`` bytes."""

    def __init__(self, rows: int, size: int) -> None:
        self._size = size
        self._space = _zeroed(rows * size)

    def bytes(self) -> npt.NDArray[np.uint8]:
        """Return the rows' memory, one byte after the other. Let go of it before :meth:`grow`."""
        return np.frombuffer(self._space, np.uint8)

    def grow(self, rows: int) -> None:
        """Make room for ``rows`` rows; the further ones are zero.

        Where the memory cannot be moved (not this system, or somebody still looks at it), the rows are copied.
        """
        wanted = rows * self._size
        try:
            self._space.resize(wanted)
        except (BufferError, SystemError, OSError):
            larger = _zeroed(wanted)
            larger[: len(self._space)] = self._space[:]
            self._space = larger
            return
        _in_large_pages(self._space)


def _zeroed(size: int) -> mmap.mmap:
    # Private: shared memory without a file would not grow.
    space = mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    _in_large_pages(space)
    return space


def _in_large_pages(space: mmap.mmap) -> None:
    """Ask for pages of 2 MiB, where there are such: rows are looked up in any order, each in another page."""
    if hasattr(mmap, "MADV_HUGEPAGE"):
        try:
            space.madvise(mmap.MADV_HUGEPAGE)
        except OSError:  # a kernel without them
            return
