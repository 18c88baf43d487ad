"""Bytes of many points on their way to one thread: bounded, so that a slow reader slows the points and not memory."""

from __future__ import annotations

import threading

MOST_BYTES = 2 << 20  # more than fits the processor's caches makes everything behind it slower


class Queued:
    """``put`` from any thread waits while too much lies here; ``take`` gives everything at once, to one thread."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._pieces: list[tuple[int, bytes]] = []
        self._bytes = 0
        self._ended = self._refused = False
        self._changed = threading.Condition()

    def put(self, key: int, data: bytes, timeout_s: float | None = None) -> bool:
        """Add bytes of a point; False where there was no room for so long. After ``refuse`` they are let go."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._bytes < self._most_bytes or self._refused, timeout_s):
                return False
            if not self._refused:
                self._pieces.append((key, data))
                self._bytes += len(data)
                self._changed.notify_all()
            return True

    def take(self, timeout_s: float) -> dict[int, bytes]:
        """Return what came for each point; nothing after ``timeout_s`` without any, or after the end."""
        with self._changed:
            if not self._pieces and not self._ended:
                self._changed.wait(timeout_s)
            pieces, self._pieces, self._bytes = self._pieces, [], 0
            self._changed.notify_all()
        found: dict[int, list[bytes]] = {}
        for key, data in pieces:
            found.setdefault(key, []).append(data)
        return {key: b"".join(parts) for key, parts in found.items()}

    def end(self) -> None:
        """Say that nothing more is put."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def refuse(self) -> None:
        """Let go of everything, now and from now on: nobody reads it any more."""
        with self._changed:
            self._ended = self._refused = True
            self._pieces, self._bytes = [], 0
            self._changed.notify_all()

    @property
    def ended(self) -> bool:
        """True once nothing more will come and nothing lies here."""
        with self._changed:
            return self._ended and not self._pieces
