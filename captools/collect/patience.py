"""How long a node that was told to stop is waited for. Pure.

What counts is whether more of the capture is home than before, not whether the node talks: a node that is broken, or
evil, may talk for ever.
"""

from __future__ import annotations

from collections.abc import Iterable

from captools.collect.point import PointCapture

SLACK = 64 * 1024 * 1024  # what may be on its way, or in a tool's pipe, beside a full spool


class Patience:
    """One node's way home, looked at now and then."""

    def __init__(self, spool_bytes: int, now: float) -> None:
        self._spool_bytes = spool_bytes
        self._had: object = None
        self._since = now
        self._begun_at: int | None = None

    def since(self, points: Iterable[PointCapture], now: float) -> float:
        """Return when (in ``now``'s time) more was home for the last time."""
        had = [(one.state, one.exit is not None, *_home(one)) for one in points]
        if had != self._had:
            self._had, self._since = had, now
        return self._since

    def endless(self, points: Iterable[PointCapture]) -> bool:
        """Tell whether more has come since the stop than the node can have had."""
        home = sum(sum(_home(one)) for one in points)
        if self._begun_at is None:
            self._begun_at = home
        return home - self._begun_at > self._spool_bytes + SLACK


def _home(point: PointCapture) -> tuple[int, int, int]:
    """Return how many bytes of each stream are here."""
    return point.packets.held, point.text.held if point.text is not None else 0, point.said_held
