"""A folder of files that can be made again: each is kept whole, or as good as not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

_DIGEST = hashlib.sha256
_SIZE = _DIGEST().digest_size


class FolderShelf:
    """A captools.wire.kernels.native.Shelf: a digest in front of each file tells damage."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes | None:
        """Return what was kept under ``name``; None where there is nothing, or it is damaged."""
        try:
            whole = (self._folder / name).read_bytes()
        except OSError:
            return None
        data = whole[_SIZE:]
        return data if _DIGEST(data).digest() == whole[:_SIZE] else None

    def write(self, name: str, data: bytes) -> None:
        """Keep ``data``; where the folder cannot be written (the disk is full), it will be made again."""
        with suppress(OSError):
            handle, place = tempfile.mkstemp(prefix=".new-", dir=self._folder)
            try:
                with open(handle, "wb") as file:
                    file.write(_DIGEST(data).digest() + data)
                os.replace(place, self._folder / name)
            except OSError:
                Path(place).unlink(missing_ok=True)
                raise
