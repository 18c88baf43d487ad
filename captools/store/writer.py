"""Writing a session folder: private, never over something else, readable whenever the writer dies."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from types import TracebackType

from captools.model.errors import UsageError
from captools.model.session import Manifest
from captools.store.layout import INVENTORY, MANIFEST, safe_name

FOLDER_MODE = 0o700  # captures hold passwords, cookies and tokens
FILE_MODE = 0o600


class CaptureFile:
    """One growing file with its SHA-256. Bytes reach the kernel at once: a crash of ours loses none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes = 0
        self._hash = hashlib.sha256()
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)

    def write(self, data: bytes) -> None:
        """Append ``data``, all of it; OSError where the disk is full."""
        view = memoryview(data)
        while view:
            written = os.write(self._fd, view)
            self._hash.update(view[:written])
            self.bytes += written
            view = view[written:]

    @property
    def sha256(self) -> str:
        """SHA-256 of what was written so far, in hex."""
        return self._hash.hexdigest()

    def close(self) -> None:
        """Put the file on disk for good. Twice is once."""
        if self._fd >= 0:
            os.fsync(self._fd)
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> CaptureFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def replace_file(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that a crash leaves the old file or the new one.

    OSError where the disk is full: the old one stays, and nothing beside it.
    """
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    try:
        with CaptureFile(temporary) as file:
            file.write(data)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


class SessionWriter:
    """A session folder being written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, folder: Path) -> SessionWriter:
        """Make the folder; UsageError where it holds something already or cannot be made."""
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
            if any(folder.iterdir()):
                raise UsageError(f"{folder}: not empty, and a session never overwrites", hint="give a new folder")
            folder.chmod(FOLDER_MODE)
        except OSError as error:
            raise UsageError(
                f"{folder}: cannot be made ({error.strerror})", hint="give another folder with --out"
            ) from error
        return cls(folder)

    @classmethod
    def create_under(cls, root: Path, name: str) -> SessionWriter:
        """Make a new folder called ``name`` (or ``name-2``, …) below ``root``."""
        for number in range(1, 1000):
            folder = root / (name if number == 1 else f"{name}-{number}")
            try:
                root.mkdir(parents=True, exist_ok=True)
                folder.mkdir(mode=FOLDER_MODE)
            except FileExistsError:
                continue
            except OSError as error:
                raise UsageError(
                    f"{folder}: cannot be made ({error.strerror})", hint="give another folder with --out"
                ) from error
            return cls(folder)
        raise UsageError(f"{root}: 1,000 sessions of this second", hint="give a folder with --out")

    def open_file(self, name: str) -> CaptureFile:
        """Create a file beside the manifest; ``name`` comes from layout.point_stem."""
        return CaptureFile(self.folder / name)

    def write_inventory(self, name: str, text: str) -> None:
        """Put one inventory text into the session; a name that is there already gets a number."""
        folder = self.folder / INVENTORY
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        stem, dot, suffix = name.partition(".")
        for number in range(1, 1000):
            try:
                file = CaptureFile(folder / (name if number == 1 else f"{stem}-{number}{dot}{suffix}"))
            except FileExistsError:
                continue
            with file:
                file.write(text.encode("utf-8", "surrogateescape"))
            return

    def save(self, manifest: Manifest) -> None:
        """Write ``session.json`` so that a reader, or a crash, sees the old one or the new one, never half."""
        text = json.dumps(manifest.to_json(), indent=1, ensure_ascii=True) + "\n"
        replace_file(self.folder / MANIFEST, text.encode())
        directory = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def discard(self) -> None:
        """Remove a session that holds no capture at all, and only what this writer makes."""
        for path in (*(self.folder / INVENTORY).glob("*"), self.folder / MANIFEST, self.folder / f".{MANIFEST}.new"):
            path.unlink(missing_ok=True)
        for folder in (self.folder / INVENTORY, self.folder):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def inventory_name(node: str, name: str) -> str:
    """Return ``NODE__ip-link.json`` for a text that a node gave."""
    return f"{safe_name(node)}__{name}"
