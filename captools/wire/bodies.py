"""Message bodies: a hash over all of their bytes, which proves that two answers are the same (HTTP/1 and HTTP/2)."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

MAX_BODY = 1 << 20  # a larger body is not hashed: what correlation compares are answers, not downloads


class Body:
    """A hash that is fed piece by piece; it has no value while a byte is missing or where there are too many."""

    def __init__(self) -> None:
        self._state: blake2b | None = None  # most messages have no body
        self._size = 0
        self._whole = True

    def feed(self, chunks: Iterable[memoryview], size: int) -> None:
        """Add ``size`` bytes; ``chunks`` yield fewer where some are missing."""
        if not self._whole or self._size + size > MAX_BODY:
            self._whole = False
            return
        got = 0
        self._state = self._state or blake2b(digest_size=8)
        for chunk in chunks:
            self._state.update(chunk)
            got += len(chunk)
        self._size += got
        self._whole = got == size

    def value(self) -> int | None:
        """Return the hash (64 bits); None for an empty body, a missing byte or more than MAX_BODY bytes."""
        if self._state is None or not self._whole or not self._size:
            return None
        return int.from_bytes(self._state.digest(), "big")
