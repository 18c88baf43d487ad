"""Packets of several points that still run, put into the order of their stamps. Pure.

A point's packets come late: the kernel hands over a block when it is full or after a second (FACTS, section 14), and
then there is the way home. So a packet waits until every running point has shown a later one, but never longer
than ``hold_ns`` after it came: a silent or lost point delays the others, and stops nobody. What comes later than
that goes out at its place in the next round, with its stamp as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from captools.wire.bytesview import Ints

T = TypeVar("T")
HOLD_NS = 1_500_000_000
MOST_BYTES = 64 << 20  # held at most; then the oldest goes out


@dataclass(frozen=True, slots=True)
class Due(Generic[T]):
    """What goes out, in the order of its stamps: for each packet its piece (in ``pieces``) and its row in there."""

    pieces: list[T]
    piece: Ints
    row: Ints
    ts_ns: Ints


@dataclass(slots=True)
class _Held(Generic[T]):
    piece: T
    size: int
    came_ns: int
    ts_ns: Ints
    left: Ints  # rows that have not gone out


class Merger(Generic[T]):
    """Holds pieces of ``points`` streams back. Times that are told to it are of one monotonic clock."""

    def __init__(self, points: int = 0, *, hold_ns: int = HOLD_NS, most_bytes: int = MOST_BYTES) -> None:
        self._newest: dict[int, int | None] = dict.fromkeys(range(points))
        self._hold_ns, self._most_bytes = hold_ns, most_bytes
        self._held: list[_Held[T]] = []

    def add(self, point: int) -> None:
        """Wait for one more point from now on."""
        self._newest.setdefault(point, None)

    def put(self, point: int, piece: T, ts_ns: Ints, size: int, now_ns: int) -> None:
        """Take a piece of ``size`` bytes that a point gave, with the stamps of its rows (at least one)."""
        self._held.append(_Held(piece, size, now_ns, ts_ns, np.arange(len(ts_ns))))
        self.reached(point, int(ts_ns.max()))

    def reached(self, point: int, ts_ns: int) -> None:
        """Know that a point has come as far as this, with or without a packet to be held."""
        if point in self._newest:
            before = self._newest[point]
            self._newest[point] = ts_ns if before is None else max(before, ts_ns)

    def close(self, point: int) -> None:
        """Wait for this point no longer."""
        self._newest.pop(point, None)

    def due(self, now_ns: int, *, everything: bool = False) -> Due[T] | None:
        """Return what need not wait any longer; None where there is nothing."""
        if not self._held:
            return None
        limit = self._limit(now_ns, everything)
        if limit is None:
            return None
        out: list[tuple[_Held[T], Ints]] = []
        for held in self._held:
            goes = held.ts_ns[held.left] <= limit
            if goes.any():
                out.append((held, held.left[goes]))
                held.left = held.left[~goes]
        self._held = [held for held in self._held if len(held.left)]
        return _in_order(out) if out else None

    def _limit(self, now_ns: int, everything: bool) -> int | None:
        """Return the stamp up to which all go; None for nothing."""
        if everything or not self._newest:
            return max(int(held.ts_ns[held.left].max()) for held in self._held)
        # Old enough: they go whatever others may still bring, and what lies before them goes along.
        limits = [int(held.ts_ns[held.left].max()) for held in self._held if held.came_ns + self._hold_ns <= now_ns]
        too_much = sum(held.size for held in self._held) - self._most_bytes
        for held in self._held:  # the oldest first
            if too_much <= 0:
                break
            too_much -= held.size
            limits.append(int(held.ts_ns[held.left].max()))
        shown = [newest for newest in self._newest.values() if newest is not None]
        if len(shown) == len(self._newest):
            limits.append(min(shown))
        return max(limits, default=None)


def _in_order(out: list[tuple[_Held[T], Ints]]) -> Due[T]:
    stamps = np.concatenate([held.ts_ns[rows] for held, rows in out])
    order = np.argsort(stamps, kind="stable")
    pieces = np.repeat(np.arange(len(out)), [len(rows) for _, rows in out])
    rows = np.concatenate([rows for _, rows in out])
    return Due([held.piece for held, _ in out], pieces[order], rows[order], stamps[order])
