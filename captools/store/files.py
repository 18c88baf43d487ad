"""Capture files on disk: read whole, unpacked where they are gzip or zstd, never trusted in size."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from captools.model.errors import MalformedCapture
from captools.model.units import size
from captools.store.unpack import Unpacked, packing

MAX_IN_MEMORY = 2 << 30  # a small packed file must not be able to fill the memory
_STEP = 1 << 20


def unreadable(path: Path, error: OSError) -> MalformedCapture:
    """Return the error for a file that cannot be opened or read."""
    if isinstance(error, FileNotFoundError):
        return MalformedCapture(f"{path}: no such file", hint="check the name; `ls` its folder")
    if isinstance(error, PermissionError):
        return MalformedCapture(f"{path}: not readable by this user", hint="run as its owner or change its mode")
    return MalformedCapture(f"{path}: cannot be read ({error.strerror or error})", hint="copy it again")


def read_file(path: Path) -> tuple[bytes, str]:
    """Return the bytes of ``path``, unpacked if it is gzip or zstd, and what is damaged about its packing.

    The damage is the empty string where there is none. MalformedCapture where the file cannot be read at all.
    """
    try:
        with path.open("rb") as file:
            kind = packing(head := file.read(4))
            if not kind:
                return head + file.read(), ""
        unpacked, whole, space = Unpacked(path, kind), bytearray(), memoryview(bytearray(_STEP))
        while count := unpacked.readinto(space):
            whole += space[:count]
            if len(whole) > MAX_IN_MEMORY:
                raise MalformedCapture(
                    f"{path}: unpacks to more than {size(MAX_IN_MEMORY)}", hint="unpack it by hand and split it"
                )
    except OSError as error:
        raise unreadable(path, error) from error
    return bytes(whole), unpacked.damage


def as_text(name: str) -> str:
    """Return a file name as text that every writer takes: bytes that are no UTF-8 come out as ``\\xff``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as it lies on disk (packed, if it is packed)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
