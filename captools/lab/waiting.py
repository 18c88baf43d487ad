"""Wait for what was started in the lab to be ready, and say what did not come up."""

from __future__ import annotations

import time
from collections.abc import Callable

from captools.model.errors import CaptureFailed

READY_TIMEOUT_S = 10.0


def wait_until(
    ready: Callable[[], bool],
    complaint: str,
    *,
    timeout_s: float = READY_TIMEOUT_S,
    step_s: float = 0.01,
    words: Callable[[], str] = str,
) -> None:
    """Return once ``ready`` says so, which is asked every ``step_s`` seconds.

    CaptureFailed with ``complaint`` and ``words`` (the ends of logs) where it does not in time.
    """
    deadline = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > deadline:
            raise CaptureFailed(f"lab: {complaint} after {timeout_s:.0f} s\n{words()}".rstrip())
        time.sleep(step_s)
