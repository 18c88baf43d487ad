"""Capture files on disk: read whole, unpacked where they are gzip or zstd, never trusted in size."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pyarrow as pa

from captools.model.errors import MalformedCapture

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
MAX_UNPACKED = 8 << 30  # a small file must not be able to fill the memory
_STEP = 4 << 10  # small: what a cut file still holds behind its last whole step is lost


def read_file(path: Path) -> tuple[bytes, str]:
    """Return the bytes of ``path``, unpacked if it is gzip or zstd, and what is damaged about its packing.

    The damage is the empty string where there is none. MalformedCapture where the file cannot be read at all.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head[:2] == GZIP:
            return _unpack(path, "gzip")
        if head == ZSTD:
            return _unpack(path, "zstd")
        return path.read_bytes(), ""
    except FileNotFoundError:
        raise MalformedCapture(f"{path}: no such file", hint="check the name; `ls` its folder") from None
    except PermissionError:
        raise MalformedCapture(
            f"{path}: not readable by this user", hint="run as its owner or change its mode"
        ) from None
    except OSError as error:
        raise MalformedCapture(f"{path}: cannot be read ({error.strerror or error})", hint="copy it again") from error


def _unpack(path: Path, kind: str) -> tuple[bytes, str]:
    """Return the unpacked bytes; of a file that is cut, what came before the cut, and a sentence on it."""
    parts: list[bytes] = []
    total = 0
    with pa.input_stream(str(path), compression=kind) as stream:
        while True:
            try:
                part = stream.read(_STEP)
            except OSError as error:
                if parts:
                    return b"".join(parts), f"its {kind} data end early ({error}) after {total:,} unpacked bytes"
                raise MalformedCapture(f"{path}: damaged {kind} data ({error})", hint="copy it again") from error
            if not part:
                return b"".join(parts), ""
            parts.append(part)
            total += len(part)
            if total > MAX_UNPACKED:
                raise MalformedCapture(
                    f"{path}: unpacks to more than {MAX_UNPACKED >> 30} GiB", hint="unpack it by hand and split it"
                )


def as_text(name: str) -> str:
    """Return a file name as text that every writer takes: bytes that are no UTF-8 come out as ``\\xff``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as it lies on disk (packed, if it is packed)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
