"""Unpack gzip and zstd as they are read: bounded memory, every byte before a cut, and a limit on expansion.

A packed file may unpack to FREE bytes, or to RATIO times its own size where that is more. Captures shrink to a third
or a twentieth; what grows beyond this was made to fill a disk.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from captools.model.errors import MalformedCapture
from captools.model.units import size

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"  # after a first byte of 0x50 to 0x5f: a zstd frame for other programs (RFC 8878, 3.1.2)
FREE = 512 << 20
RATIO = 200
_CHUNK = 1 << 16  # bytes at a time
_DROP = 16
_GZIP_WINDOW = 31  # of zlib: with the header and the check of gzip (RFC 1952)


def packing(head: bytes) -> str:
    """Return "gzip" or "zstd" for a file that begins with ``head`` (4 bytes or more), else the empty string."""
    if head[:2] == GZIP:
        return "gzip"
    if head[:4] == ZSTD or (head[1:4] == _SKIPPABLE and 0x50 <= head[0] <= 0x5F):
        return "zstd"
    return ""


class Unpacked:
    """The unpacked bytes of a file of ``kind``. ``damage`` says where and how they end early, once they have."""

    def __init__(self, path: Path, kind: str) -> None:
        self._path, self._kind = path, kind
        self._pieces = _gunzip(path) if kind == "gzip" else _unzstd(path)
        self._left = memoryview(b"")
        self._most = max(FREE, RATIO * path.stat().st_size)
        self.total = 0
        self.damage = ""

    def readinto(self, space: memoryview) -> int:
        """Put bytes into ``space`` and return how many; 0 at the end.

        MalformedCapture where not one byte can be unpacked, or where there are too many.
        """
        if not self._left:
            self._left = memoryview(self._next())
        count = min(len(space), len(self._left))
        space[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def _next(self) -> bytes:
        if self.damage:
            return b""
        try:
            piece = next(self._pieces, b"")
        except _Broken as broken:
            if not self.total:
                raise MalformedCapture(
                    f"{self._path}: damaged {self._kind} data ({str(broken) or 'cut short'})", hint="copy it again"
                ) from None
            how = f"are damaged ({broken})" if str(broken) else "end early"
            self.damage = f"its {self._kind} data {how} after {self.total:,} unpacked bytes"
            return b""
        self.total += len(piece)
        if self.total > self._most:
            raise MalformedCapture(
                f"{self._path}: unpacks to more than {size(self._most)}, which no capture packed into "
                f"{size(self._path.stat().st_size)} should",
                hint=f"if you trust it, unpack it by hand ({self._kind} -d) and give the result",
            )
        return piece


class _Broken(Exception):
    """Packed data that end early (no text) or are damaged (how)."""


def _some(piece: bytes) -> tuple[bytes, ...]:
    """Return ``piece`` as what is to be yielded: an empty one would be taken for the end."""
    return (piece,) if piece else ()


def _gunzip(path: Path) -> Iterator[bytes]:
    """Yield pieces of a gzip file; members behind one another are one, zeros behind the last are padding."""
    with path.open("rb") as file:
        packed = file.read(_CHUNK)
        while packed:
            member = zlib.decompressobj(_GZIP_WINDOW)
            while not member.eof:
                before = member.copy()
                try:
                    piece = member.decompress(packed, 4 * _CHUNK)
                except zlib.error as error:
                    yield from _some(_up_to_the_break(before, packed))
                    raise _Broken(str(error).rpartition(": ")[2]) from None
                packed = member.unused_data if member.eof else member.unconsumed_tail or file.read(_CHUNK)
                yield from _some(piece)
                if not piece and not packed and not member.eof:
                    raise _Broken
            packed = packed.lstrip(b"\0")
            while len(packed) < len(GZIP) and (more := file.read(_CHUNK)):
                packed = (packed + more).lstrip(b"\0")
            if packed and not packed.startswith(GZIP):
                raise _Broken("what follows is not gzip")


def _up_to_the_break(member: zlib._Decompress, packed: bytes) -> bytes:
    """Return what ``packed`` gives before it breaks: zlib keeps nothing of a call that fails."""
    pieces: list[bytes] = []
    try:
        for at in range(len(packed)):
            pieces.append(member.decompress(packed[at : at + 1]))
    except zlib.error:
        pass
    return b"".join(pieces)


def _unzstd(path: Path) -> Iterator[bytes]:
    """Yield pieces of a zstd file; frames behind one another are one."""
    space, total = memoryview(bytearray(_CHUNK)), 0
    with path.open("rb") as file, _arrow(file) as stream:
        while True:
            read = file.tell()
            try:
                count = stream.readinto(space)
            except OSError as error:
                yield from _some(_last_bytes(path, total, read))
                raise _Broken("" if "runcated" in str(error) else str(error).partition("\n")[0]) from None
            if not count:
                return
            total += count
            yield bytes(space[:count])


def _last_bytes(path: Path, total: int, read: int) -> bytes:
    """Return what follows the first ``total`` bytes before the break: Arrow keeps nothing of a call that fails.

    ``read`` packed bytes gave those, and more; from some way before that on they are given in drops.
    """
    space, last = memoryview(bytearray(_CHUNK)), bytearray()
    with path.open("rb") as file, _arrow(_Dripping(file, read - 2 * _CHUNK)) as stream:
        try:
            while total:
                total -= stream.readinto(space[:total])
            while stream.readinto(space[:1]):
                last += space[:1]
        except OSError:
            pass
    return bytes(last)


class _Dripping:
    """A file that gives little at a time from byte ``place`` on."""

    closed = False

    def __init__(self, file: BinaryIO, place: int) -> None:
        self._file, self._place = file, place

    def read(self, count: int) -> bytes:
        return self._file.read(min(count, _CHUNK if self._file.tell() < self._place else _DROP))

    def close(self) -> None:
        """Nothing: the file is its opener's."""


def _arrow(file: Any) -> Any:
    return pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")
