"""Processor time of a piece of work: what regular expressions and numpy cost, which ``tests.lines`` does not see."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def cpu_s(work: Callable[[], object], *, times: int = 3) -> float:
    """Return the least processor time, in seconds, that ``work`` took of ``times`` runs.

    Other processes slow a processor down but never speed it up, so that the least is the least disturbed; the
    collector of garbage, whose turn comes when others have left enough of it, waits.
    """
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        return min(_once(work) for _ in range(times))
    finally:
        if was_on:
            gc.enable()


def _once(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin
