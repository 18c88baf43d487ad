"""The scenarios this captools has: every file in ``scenarios/`` that names a ``SCENARIO``."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from captools.lab import scenarios
from captools.lab.scenario import Scenario
from captools.model.errors import UsageError


def catalogue() -> dict[str, Scenario]:
    """Return all scenarios by id, in the order of their files."""
    found = {}
    for module in sorted(iter_modules(scenarios.__path__), key=lambda module: module.name):
        scenario = import_module(f"{scenarios.__name__}.{module.name}").SCENARIO
        assert isinstance(scenario, Scenario), f"{module.name}: SCENARIO is not a Scenario"
        found[scenario.id] = scenario
    return found


def scenario_called(text: str) -> Scenario:
    """Return one scenario by its id or by the part before the first dash (``s1``); UsageError names the known ones."""
    known = catalogue()
    wanted = text.lower()
    hits = [one for name, one in known.items() if wanted == name or wanted == name.split("-")[0]]
    if len(hits) != 1:
        raise UsageError(f"no lab scenario is called {text!r}", hint=f"there are: {', '.join(known)}")
    return hits[0]
