"""Reading a node's clock over its connection: of a few readings the one with the shortest way there and back."""

from __future__ import annotations

import time
from typing import Any

from captools.model.session import ClockReading

READINGS = 5
JUMP_NS = 1_000_000  # between two of our clocks over one question: one of them was set meanwhile


class ClockReader:
    """Ask, take, until ``take`` says that it is enough."""

    def __init__(self) -> None:
        self._readings: list[ClockReading] = []
        self._asked_ns = self._asked_steady_ns = 0
        self._answers = 0

    def ask(self) -> int:
        """Return the number to ask with; the time runs from now on."""
        self._asked_ns, self._asked_steady_ns = time.time_ns(), time.monotonic_ns()
        return self._answers

    def take(self, report: dict[str, Any]) -> bool:
        """Take an answer; True once there are enough. One without a time, or over which our clock was set, says nothing."""
        self._answers += 1
        node_ns, now_ns = report.get("time_ns"), time.time_ns()
        jumped_ns = (now_ns - self._asked_ns) - (time.monotonic_ns() - self._asked_steady_ns)
        if isinstance(node_ns, int) and abs(jumped_ns) < JUMP_NS:
            self._readings.append(ClockReading(before_ns=self._asked_ns, node_ns=node_ns, after_ns=now_ns))
        return self._answers >= READINGS

    @property
    def best(self) -> ClockReading | None:
        """The tightest reading."""
        return min(self._readings, key=lambda one: one.after_ns - one.before_ns, default=None)
