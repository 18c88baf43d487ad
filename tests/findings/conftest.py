"""Findings of a reference case, by rule."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import captools.findings
from captools.findings import judge
from captools.model.analysis import Analysis
from captools.model.findings import Finding, FindingRule
from captools.registry import additions
from tests.correlate.material import material

RULES = additions(captools.findings, "RULE", FindingRule)


@pytest.fixture(scope="session")
def fired() -> Callable[..., list[Finding]]:
    """Return what one rule says of a case (by name) or of an analysis."""

    def of(rule: str, subject: str | Analysis) -> list[Finding]:
        analysis = material(subject).analysed() if isinstance(subject, str) else subject
        return [one for one in judge(analysis, RULES) if one.rule == rule]

    return of
