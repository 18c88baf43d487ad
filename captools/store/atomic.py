"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from captools.model.errors import UsageError


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path`` by way of a temporary file beside it; UsageError where that cannot be."""
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        # A temporary file is 0600; a report that was asked for by name follows the user's umask.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, target)
    except OSError as error:
        raise UsageError(
            f"{target}: cannot be written ({error.strerror})", hint="choose another place with -o"
        ) from error
