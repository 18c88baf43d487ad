"""Run scenarios, several labs side by side, and hold what captools says of each against what it must say."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from captools.lab.board import Score, score
from captools.lab.record import case_of, record
from captools.lab.scenario import Scenario
from captools.model.errors import CaptoolsError
from captools.pipeline import open_session


def run_all(
    scenarios: Sequence[Scenario], out: Path, *, jobs: int, name: str, say: Callable[[str], None]
) -> Iterator[Score]:
    """Record every scenario into a folder of its own under ``out`` and yield its score, as they end.

    ``jobs`` labs run at a time: they share nothing but the processor, and mostly wait. A scenario that cannot run has a
    score that says why; the others go on.
    """
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        running = [pool.submit(_run, one, out / one.id, f"{name}-{one.id}", say) for one in scenarios]
        for done in as_completed(running):
            yield done.result()


def _run(scenario: Scenario, out: Path, name: str, say: Callable[[str], None]) -> Score:
    started = time.monotonic()
    try:
        record(scenario, out, name=name, say=lambda text: say(f"{scenario.id}: {text}"))
        findings = open_session([out]).analysis.findings
    except Exception as error:  # a scenario is a program of its own: whatever it stumbles over, the others go on
        told = str(error) if isinstance(error, CaptoolsError) else f"{type(error).__name__}: {error}"
        return Score(
            scenario=scenario.id,
            expected=len(scenario.expected),
            found=0,
            seconds=time.monotonic() - started,
            error=told,
        )
    return score(case_of(out), findings, time.monotonic() - started)
