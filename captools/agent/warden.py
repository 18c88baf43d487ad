"""A second, tiny process that outlives the keeper just long enough to end the tools if it is killed.

The kernel's own parent-death signal does not do: it is cleared when a process changes its user, which is the
first thing Debian's tcpdump does. The warden waits on a pipe; when the keeper is gone in whatever way, the pipe
ends, and every process group that is still listed is ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import Set

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
PATIENCE_S = 1.0


def let_go(kept: Set[int]) -> None:
    """Close every descriptor but ``kept``; 0, 1 and 2 lead nowhere afterwards."""
    nothing = os.open(os.devnull, os.O_RDWR)
    # The numbers in use, not all up to the limit: that is a thousand million in some containers.
    for number in [int(name) for name in os.listdir("/proc/self/fd")]:
        if number > 2 and number != nothing and number not in kept:
            with contextlib.suppress(OSError):  # the one that listed them
                os.close(number)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)


class Warden:
    """The keeper's end of the pipe."""

    def __init__(self) -> None:
        source, self._sink = os.pipe()
        if os.fork() == 0:
            try:
                os.close(self._sink)
                _watch(source)
            finally:
                os._exit(0)
        os.close(source)

    def add(self, group: int) -> None:
        """A tool runs with this process group."""
        self._tell("+%d\n" % group)

    def remove(self, group: int) -> None:
        """That tool has ended and was reaped: its number may belong to someone else soon."""
        self._tell("-%d\n" % group)

    def _tell(self, line: str) -> None:
        # Only a warden that was killed does not listen; then there is nobody left to tell.
        with contextlib.suppress(OSError):
            os.write(self._sink, line.encode())


def _watch(source: int) -> None:
    """Follow the list until the keeper is gone, then end what is left on it."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Neither the channel home nor a tool's pipe may stay open because we still wait.
    let_go({source})
    groups: Set[int] = set()
    with os.fdopen(source, "r") as lines:
        for line in lines:
            group = int(line[1:])
            (groups.add if line[0] == "+" else groups.discard)(group)
    for number in ENDINGS:
        left = set()
        for group in groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
                left.add(group)
        groups = left
        if not groups:
            return
        time.sleep(PATIENCE_S)
