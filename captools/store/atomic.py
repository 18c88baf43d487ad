"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from captools.model.errors import UsageError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary file beside ``path`` that takes its place when the block ends well.

    A link is followed; a device or pipe (``/dev/stdout``) is written to as it is, for it must never be replaced.
    UsageError where the file cannot be written; then, as after any other error, nothing is left behind.
    """
    target = Path(os.path.realpath(path))
    name = ""
    try:
        if Path(path).exists() and not Path(path).is_file():
            yield Path(path)
            return
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
        os.close(handle)
        yield Path(name)
        # A temporary file is 0600; a report that was asked for by name follows the user's umask.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, target)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written ({error.strerror or error})", hint="choose another place with -o"
        ) from error
    finally:
        if name:
            Path(name).unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8; characters that UTF-8 cannot hold (bytes of odd file names) come out escaped."""
    with replacing(path) as place, place.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.write(text)
