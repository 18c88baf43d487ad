"""How many lines of Python a piece of work runs: its cost, the same on a busy machine and an idle one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def lines_run() -> Iterator[Callable[[], int]]:
    """Count the lines that run inside the block, in whatever it calls; the count is told by calling what it gives."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> object:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lambda: count
    finally:
        sys.settrace(before)
