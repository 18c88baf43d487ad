"""The scenarios this captools has: every file in ``scenarios/`` that names a ``SCENARIO``."""

from __future__ import annotations

from captools.lab import scenarios
from captools.lab.scenario import Scenario
from captools.model.errors import UsageError
from captools.registry import additions


def catalogue() -> dict[str, Scenario]:
    """Return all scenarios by id, in the order of their files."""
    return {scenario.id: scenario for scenario in additions(scenarios, "SCENARIO", Scenario)}


def scenario_called(text: str) -> Scenario:
    """Return one scenario by its id or by the part before the first dash (``s1``); UsageError names the known ones."""
    known = catalogue()
    wanted = text.lower()
    hits = [one for name, one in known.items() if wanted == name or wanted == name.split("-")[0]]
    if len(hits) != 1:
        raise UsageError(f"no lab scenario is called {text!r}", hint=f"there are: {', '.join(known)}")
    return hits[0]
