"""How the tools of a capture are asked to end, and when.

A tool keeps packets in an unretired kernel block for up to about a second, so a stop waits before the first
signal, and a little longer for a tool that says it has not read everything yet; it drains everything afterwards.
"""

from __future__ import annotations

import signal
import time
from typing import Iterable, Optional

from captools.agent.tool import Tool

STOP_WAIT_S = 1.2
TAIL_WAIT_S = 2.0  # more for a tool that has packets to read; on a busy link there are always some
TERM_AFTER_S = 5.0  # of silence after SIGINT; a tool that still delivers is left in peace
KILL_AFTER_S = 3.0


class Ending:
    """When the first signal is due, and why. Times are CLOCK_MONOTONIC: a clock that is set changes nothing."""

    def __init__(self) -> None:
        self.reason = ""  # "asked", "duration", "lease", "until", "signal"
        self.due: Optional[float] = None
        self._tail_wait_s = TAIL_WAIT_S

    def begin(self, reason: str, wait_s: float = STOP_WAIT_S) -> bool:
        """Stop ``wait_s`` from now, or sooner if that was said before; tell whether this is the first time."""
        first = not self.reason
        self.reason = self.reason or reason
        due = time.monotonic() + max(0.0, wait_s)
        self.due = due if self.due is None else min(due, self.due)
        if not wait_s:
            self._tail_wait_s = 0.0
        return first

    def tick(self, tools: Iterable[Tool], paused: bool) -> None:
        """Send what is due. While nothing is read (``paused``) a silent tool is not at fault."""
        now = time.monotonic()
        if self.due is None or now < self.due:
            return
        patient = now < self.due + self._tail_wait_s
        for tool in tools:
            if tool.escalation or not patient or paused or tool.caught_up(now):
                _push_out(tool, now, paused)


def _push_out(tool: Tool, now: float, paused: bool) -> None:
    """Ask politely first; insist only on a tool that is silent although it could write."""
    if tool.escalation == 0:
        tool.signalled_ns = time.time_ns()
        tool.signal(signal.SIGINT)
    elif paused or now - tool.quiet_since < (TERM_AFTER_S if tool.escalation == 1 else KILL_AFTER_S):
        return
    elif tool.escalation == 1:
        tool.signal(signal.SIGTERM)
    else:
        tool.signal(signal.SIGKILL)
    tool.escalation += 1
    tool.quiet_since = now
