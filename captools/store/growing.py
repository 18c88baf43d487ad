"""Files that are still being written, and pipes: bytes as they come."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from captools.model.errors import UsageError
from captools.store.files import unreadable
from captools.store.unpack import packing

_MOST = 1 << 20  # bytes read at once
_LAST_S = 0.5  # how long a writer that was stopped too has for its last bytes


class Growing(Protocol):
    """What can be followed."""

    def read(self) -> bytes | None:
        """Return the next bytes; none where there are none for now, None where there will never be any."""

    def renewed(self) -> str:
        """Go over to the file that took the place of this one, if any; say so in a sentence, else nothing."""

    def rest(self) -> Iterator[bytes]:
        """Yield what is there now, to the last byte, without waiting for more."""


class GrowingFile:
    """A file that grows, and the one that takes its place when it is rotated, as ``tail -F`` follows it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()
        kind = packing(os.pread(self._descriptor, 4, 0))
        if kind:
            raise UsageError(
                f"{path}: a file packed with {kind} cannot be followed",
                hint=f"{'z' if kind == 'gzip' else 'zstd'}cat it into `captools packets - --follow`",
            )

    def _open(self) -> None:
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise unreadable(self._path, error) from error
        self._at = 0

    def read(self) -> bytes:
        """Return the next bytes, none where there are none for now."""
        try:
            data = os.pread(self._descriptor, _MOST, self._at)
        except OSError as error:
            raise unreadable(self._path, error) from error
        self._at += len(data)
        return data

    def renewed(self) -> str:
        """Go over to a file of the same name, or to the beginning of one that shrank; say so in a sentence."""
        here = os.fstat(self._descriptor)
        if here.st_size < self._at:
            self._at = 0
            return f"{self._path.name} shrank to {here.st_size:,} bytes: it is read anew from its beginning"
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            return ""  # moved away; the next one has yet to be made
        if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino) or here.st_size > self._at:
            return ""
        os.close(self._descriptor)
        self._open()
        return f"{self._path.name} was replaced: the new file is read from its beginning"

    def rest(self) -> Iterator[bytes]:
        """Yield what is there now."""
        while data := self.read():
            yield data


class Pipe:
    """Bytes that come through a pipe, until its writer ends."""

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise unreadable(path, error) from error

    def read(self) -> bytes | None:
        """Wait for the next bytes; None where the writer has ended."""
        return os.read(self._descriptor, _MOST) or None

    def renewed(self) -> str:
        """A pipe stays what it is."""
        return ""

    def rest(self) -> Iterator[bytes]:
        """Yield what a writer that is stopped at the same moment still sends."""
        while select.select([self._descriptor], [], [], _LAST_S)[0] and (data := self.read()):
            yield data
