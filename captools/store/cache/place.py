"""Where entries lie: in the session's own ``.cache``, else in the user's cache folder. Any of it may be deleted."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from captools.store.cache.meta import meta_from_text
from captools.store.layout import user_cache

META = "meta.json"
FOLDER = ".cache"
_OLD_S = 30 * 86_400  # entries of loose files that nobody opened for this long go


def roots(session: Path | None, environ: Mapping[str, str]) -> list[Path]:
    """Return the folders an entry may lie in, the best one first."""
    return [*([session / FOLDER] if session is not None else []), user_cache(environ) / "tables"]


def find(places: list[Path], key: str) -> Path | None:
    """Return the entry called ``key``; it is marked as used. None where there is none."""
    for place in places:
        folder = place / key
        if (folder / META).is_file() and not folder.is_symlink() and _ours(folder):
            with suppress(OSError):
                os.utime(folder)
            return folder
    return None


def begin(places: list[Path]) -> Path:
    """Return a new, empty folder to write an entry into, in the first of ``places`` that can be written.

    Where none can (a read-only home), it is a temporary folder that goes when this process ends.
    """
    for place in places:
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            return Path(tempfile.mkdtemp(prefix=".new-", dir=place))
        except OSError:
            continue
    place = Path(tempfile.mkdtemp(prefix="captools-tables-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=".new-", dir=place))


def land(folder: Path, key: str) -> Path:
    """Give a written entry its name; return where it is. Of two writers of the same entry the first one wins."""
    target = folder.parent / key
    try:
        folder.rename(target)
    except OSError:
        if (target / META).is_file():
            shutil.rmtree(folder, ignore_errors=True)
        else:  # half an entry, left by a crash
            shutil.rmtree(target, ignore_errors=True)
            folder.rename(target)
    return target


def prune(place: Path, keep: str, of_path: str, *, now: float | None = None) -> None:
    """Remove entries of earlier states of the file ``of_path``, what crashes left, and what nobody opened for long."""
    now = time.time() if now is None else now
    for folder in _folders(place):
        age = now - folder.stat().st_mtime
        if folder.name == keep or not _ours(folder):
            continue
        left_over = folder.name.startswith(".") and age > 86_400
        if left_over or age > _OLD_S or _path_of(folder) == of_path:
            shutil.rmtree(folder, ignore_errors=True)


def _folders(place: Path) -> list[Path]:
    try:
        return [one for one in place.iterdir() if one.is_dir() and not one.is_symlink()]
    except OSError:
        return []


def _ours(folder: Path) -> bool:
    return folder.stat().st_uid == os.getuid()


def _path_of(folder: Path) -> str:
    try:
        return meta_from_text((folder / META).read_text("utf-8")).path
    except (OSError, ValueError, TypeError, KeyError):
        return ""
