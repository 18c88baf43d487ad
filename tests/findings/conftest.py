"""Findings of a reference case, by rule."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

import captools.findings
from captools.findings import judge
from captools.model.analysis import Analysis
from captools.model.findings import Finding, FindingRule
from captools.registry import additions
from tests.correlate.material import material

RULES = additions(captools.findings, "RULE", FindingRule)


@cache
def _analysed(name: str) -> Analysis:
    return material(name).analysed()


@pytest.fixture(scope="session")
def fired() -> Callable[..., list[Finding]]:
    """Return what one rule says of a case (by name) or of an analysis."""

    def of(rule: str, subject: str | Analysis) -> list[Finding]:
        analysis = _analysed(subject) if isinstance(subject, str) else subject
        found = judge(analysis, [one for one in RULES if one.id == rule])
        assert all(one.rule == rule for one in found)
        return list(found)

    return of
