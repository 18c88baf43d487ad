"""The HTTP, TLS and DNS tables of an entry: made when they are first asked for, then kept beside its other files."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from captools.model.packets import DNS, HTTP, TLS
from captools.store.cache.entry import Entry
from captools.store.stream import open_stream
from captools.store.unpack import packing
from captools.wire.decode import Naming

SCHEMAS: dict[str, pa.Schema] = {"http": HTTP, "tls": TLS, "dns": DNS}
_STEP = 1 << 20
_AHEAD = 1 << 12  # bytes read at one time, or more where more are asked for


def messages(entry: Entry, path: Path, kind: str, naming: Naming) -> pa.Table:
    """Return the table ``kind`` (http, tls or dns) of the capture ``path``, whose entry is ``entry``."""
    kept = entry.folder / f"{kind}-{_called(naming)}.parquet"
    try:
        return pq.read_table(kept).cast(SCHEMAS[kind])
    except FileNotFoundError:
        pass
    found = _read(entry, path, kind, naming)
    with tempfile.NamedTemporaryFile(prefix=".new-", dir=entry.folder, delete=False) as file:
        pq.write_table(found, file, compression="zstd", compression_level=1)
    Path(file.name).rename(kept)
    return found


def _called(naming: Naming) -> str:
    """Return a short name for ``naming``: points are named by what the inventory says at the time."""
    return hashlib.sha256(repr(naming).encode()).hexdigest()[:12]


def _read(entry: Entry, path: Path, kind: str, naming: Naming) -> pa.Table:
    from captools.wire.heads import Messages

    if not len(entry):
        return SCHEMAS[kind].empty_table()
    with bytes_of(path) as data:
        found: pa.Table = getattr(Messages(entry.messages(), naming, data), kind)()
    return found.cast(SCHEMAS[kind])


class FileBytes:
    """The bytes of a file, read when they are asked for, with what follows near by. A file that shrinks gives fewer.

    Not mapped: looking at one byte of a mapped file can make megabytes of it our memory.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._first, self._held = 0, memoryview(b"")

    def __getitem__(self, part: slice) -> memoryview:
        first, end = part.start, max(part.start, part.stop)
        if first < self._first or end > self._first + len(self._held):
            self._held = memoryview(os.pread(self._descriptor, max(end - first, _AHEAD), first))
            self._first = first
        return self._held[first - self._first : end - self._first]


@contextmanager
def bytes_of(path: Path) -> Iterator[FileBytes]:
    """Give the bytes of a capture file; of a packed one those it unpacks to, by way of a temporary file."""
    with path.open("rb") as file:
        if not packing(file.read(4)):
            yield FileBytes(file.fileno())
            return
    with tempfile.TemporaryFile() as unpacked, open_stream(path) as stream:
        space = memoryview(bytearray(_STEP))
        while count := stream.readinto(space):
            unpacked.write(space[:count])
        unpacked.flush()
        yield FileBytes(unpacked.fileno())
