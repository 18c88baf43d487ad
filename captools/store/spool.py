"""Keep what comes through a pipe (stdin, ``<(zcat …)``, a FIFO) in a file: captures are read more than once."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO


def keep(stream: BinaryIO, name: str) -> Path:
    """Copy ``stream`` to its end into a private file called ``name``; it is gone when the program ends."""
    folder = Path(tempfile.mkdtemp(prefix="captools-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / name
    with path.open("xb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
    return path
