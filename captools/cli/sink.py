"""Where Parquet goes: a file that appears when it is whole, or a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pyarrow as pa

from captools.model.errors import UsageError
from captools.store.atomic import replacing


@contextmanager
def parquet_sink(output: str | None) -> Iterator[pa.NativeFile]:
    """Give where Parquet goes: ``output``, else stdout; UsageError where stdout is a terminal."""
    if output:
        # Not by its name: pyarrow removes a path it fails to write, be it a device.
        with replacing(output) as place, place.open("wb") as file, pa.PythonFile(_Counted(file), mode="w") as sink:
            yield sink
        return
    if sys.stdout.isatty():
        raise UsageError("parquet is binary and stdout is a terminal", hint="add -o FILE.parquet")
    with pa.PythonFile(_Counted(sys.stdout.buffer), mode="w") as sink:
        yield sink


class _Counted:
    """A file to write to from its beginning to its end, such as a pipe: pyarrow asks only how far it is."""

    closed = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._at = stream, 0

    def write(self, data: Any) -> int:
        """Write all of ``data``."""
        self._stream.write(data)
        size = memoryview(data).nbytes
        self._at += size
        return size

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._at

    def flush(self) -> None:
        """Hand on what was written."""
        self._stream.flush()

    def close(self) -> None:
        """Leave the stream open: its owner closes it."""
        self.flush()
        self.closed = True
