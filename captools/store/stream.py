"""A capture file as a stream of bytes: plain, gzip or zstd, a pipe, or one that is still being written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, cast

import pyarrow as pa

from captools.model.errors import MalformedCapture
from captools.store.files import GZIP, ZSTD


class Stream(Protocol):
    """What a decoder reads from."""

    def readinto(self, space: memoryview) -> int:
        """Put bytes into ``space`` and return how many; 0 at the end (for now, where the file still grows)."""


@contextmanager
def open_stream(path: Path) -> Iterator[Stream]:
    """Open ``path`` for one pass, unpacking gzip and zstd; MalformedCapture where it cannot be opened."""
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise MalformedCapture(
            f"{path}: cannot be read ({error.strerror or error})", hint="check its name and its mode"
        ) from error
    with file:
        kind = _packing(file.fileno())
        if kind is None:
            yield cast(Stream, file)
            return
        with pa.CompressedInputStream(pa.PythonFile(file, mode="r"), kind) as unpacked:
            yield cast(Stream, unpacked)


def _packing(descriptor: int) -> str | None:
    """Return how the file is packed, without moving its position; a pipe is taken as it comes."""
    try:
        head = os.pread(descriptor, 4, 0)
    except OSError:
        return None
    if head[:2] == GZIP:
        return "gzip"
    return "zstd" if head == ZSTD else None


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
