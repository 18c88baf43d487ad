"""Capture files on disk: read whole, unpacked where they are gzip or zstd, never trusted in size."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa

from captools.model.errors import MalformedCapture

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
MAX_UNPACKED = 8 << 30  # a small file must not be able to fill the memory
_STEP = 4 << 20


def read_file(path: Path) -> bytes:
    """Return the bytes of ``path``, unpacked if it is gzip or zstd; MalformedCapture where it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head[:2] == GZIP:
            return _unpack(path, "gzip")
        if head == ZSTD:
            return _unpack(path, "zstd")
        return path.read_bytes()
    except FileNotFoundError:
        raise MalformedCapture(f"{path}: no such file", hint="check the name; `ls` its folder") from None
    except PermissionError:
        raise MalformedCapture(
            f"{path}: not readable by this user", hint="run as its owner or change its mode"
        ) from None
    except OSError as error:
        raise MalformedCapture(f"{path}: cannot be read ({error.strerror or error})", hint="copy it again") from error


def _unpack(path: Path, kind: str) -> bytes:
    """Return the unpacked bytes; a file that is cut keeps what came before the cut."""
    parts: list[bytes] = []
    total = 0
    with pa.input_stream(str(path), compression=kind) as stream:
        while True:
            try:
                part = stream.read(_STEP)
            except OSError as error:
                if parts:
                    return b"".join(parts)
                raise MalformedCapture(f"{path}: damaged {kind} data ({error})", hint="copy it again") from error
            if not part:
                return b"".join(parts)
            parts.append(part)
            total += len(part)
            if total > MAX_UNPACKED:
                raise MalformedCapture(
                    f"{path}: unpacks to more than {MAX_UNPACKED >> 30} GiB", hint="unpack it by hand and split it"
                )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as it lies on disk (packed, if it is packed)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
