"""A capture file as a stream of bytes: plain, gzip or zstd, or a pipe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Protocol

from captools.store.files import unreadable
from captools.store.unpack import Unpacked, packing


class Stream(Protocol):
    """What a decoder reads from. ``damage``, after the last byte: where and how the packing ends early, or nothing."""

    damage: str

    def readinto(self, space: memoryview) -> int:
        """Put bytes into ``space`` and return how many; 0 at the end."""


class _Plain:
    """A file as it lies there."""

    damage = ""

    def __init__(self, file: FileIO, path: Path) -> None:
        self._file, self._path = file, path

    def readinto(self, space: memoryview) -> int:
        try:
            return self._file.readinto(space)
        except OSError as error:
            raise unreadable(self._path, error) from error


@contextmanager
def open_stream(path: Path) -> Iterator[Stream]:
    """Open ``path`` for one pass, unpacking gzip and zstd in bounded memory.

    MalformedCapture where it cannot be read, where not one byte can be unpacked, or where it unpacks to more than a
    capture could (captools.store.unpack).
    """
    try:
        file = FileIO(path)
    except OSError as error:
        raise unreadable(path, error) from error
    with file:
        kind = _packing(file.fileno())
        yield Unpacked(path, kind) if kind else _Plain(file, path)


def _packing(descriptor: int) -> str:
    """Return how the file is packed, without moving its position; a pipe is taken as it comes."""
    try:
        return packing(os.pread(descriptor, 4, 0))
    except OSError:
        return ""


def read_exactly(stream: Stream, size: int) -> bytes:
    """Return the next ``size`` bytes, fewer only where the stream ends."""
    data = bytearray(size)
    have = 0
    while have < size:
        count = stream.readinto(memoryview(data)[have:])
        if not count:
            break
        have += count
    return bytes(data[:have])
