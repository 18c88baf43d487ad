"""A capture file whose bytes arrive in segments: what proves wrong is taken back, what was begun can be taken up.

``mark`` says that everything so far is right for good; ``rewind`` takes back what came after it. The SHA-256
of the whole file and of what follows the mark grow with it, so nothing is read twice.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from captools.store.writer import CaptureFile

READ_BYTES = 1 << 20


class ArrivingFile(CaptureFile):
    """One growing file that can go back to its mark; ``bytes`` is its length."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._start()

    def _start(self) -> None:
        self._since = hashlib.sha256()  # of what follows the mark
        self._marked_hash = self._hash.copy()
        self.marked = self.bytes

    @classmethod
    def again(cls, path: Path) -> ArrivingFile:
        """Open a file that a former run left. It counts as empty until ``read_on`` has read what stands there."""
        self = cls.__new__(cls)
        self.path, self.bytes = path, 0
        self._hash = hashlib.sha256()
        self._fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._start()
        return self

    def write(self, data: bytes) -> None:
        """Append ``data``, all of it; OSError where the disk is full (then ``bytes`` tells how much stands there)."""
        before = self.bytes
        try:
            super().write(data)
        finally:
            self._since.update(memoryview(data)[: self.bytes - before])

    @property
    def since_mark(self) -> str:
        """SHA-256 of everything after the mark, in hex."""
        return self._since.hexdigest()

    def mark(self) -> None:
        """Everything so far is right: nothing goes back behind here."""
        self._start()

    def rewind(self, length: int | None = None) -> None:
        """Cut the file back to ``length`` (at least the mark, which is also the default)."""
        length = self.marked if length is None else max(length, self.marked)
        os.ftruncate(self._fd, length)
        self._hash = self._marked_hash.copy()
        self._since = hashlib.sha256()
        self.bytes = self.marked
        for _ in self.read_on(length - self.marked):
            pass

    def read_on(self, length: int) -> Iterator[bytes]:
        """Take in up to ``length`` bytes that stand in the file behind what counts already, and give them."""
        while length > 0 and (data := os.pread(self._fd, min(length, READ_BYTES), self.bytes)):
            self._hash.update(data)
            self._since.update(data)
            self.bytes += len(data)
            length -= len(data)
            yield data
        os.lseek(self._fd, self.bytes, os.SEEK_SET)

    def digest(self, start: int, end: int) -> str:
        """Return the SHA-256 of the bytes from ``start`` up to ``end``, in hex."""
        found = hashlib.sha256()
        while start < end and (data := os.pread(self._fd, min(end - start, READ_BYTES), start)):
            found.update(data)
            start += len(data)
        return found.hexdigest()

    def sync(self) -> None:
        """Put what was written on disk for good, from any thread."""
        os.fdatasync(self._fd)


class Unkept:
    """Bytes that only pass by: counted and hashed like a file's, and never had again."""

    def __init__(self) -> None:
        self.bytes = 0
        self.marked = 0
        self._since = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Count ``data``."""
        self._since.update(data)
        self.bytes += len(data)

    @property
    def since_mark(self) -> str:
        """SHA-256 of everything after the mark, in hex."""
        return self._since.hexdigest()

    def digest(self, start: int, end: int) -> str:
        """Nothing can be read again: the empty string, which no hash equals."""
        return ""

    def mark(self) -> None:
        """Everything so far is right."""
        self.marked = self.bytes
        self._since = hashlib.sha256()

    def rewind(self, length: int | None = None) -> None:
        """What went by cannot be taken back: count as if it were right."""
        self.mark()
