"""Rules: one file each, reading the analysis only. Pure.

Each module offers ``RULE``, a :class:`captools.model.findings.FindingRule`; modules that begin with an underscore
are shared helpers.
"""

from __future__ import annotations

from collections.abc import Iterable

from captools.model.analysis import Analysis
from captools.model.evidence import Confidence
from captools.model.findings import Finding, FindingRule, Severity

_GRAVE = list(Severity)
_SURE = list(Confidence)


def judge(analysis: Analysis, rules: Iterable[FindingRule]) -> tuple[Finding, ...]:
    """Return what ``rules`` say of ``analysis``: errors first, then by confidence, rule and statement."""
    found = [finding for rule in rules for finding in rule.judge(analysis)]
    return tuple(
        sorted(
            found, key=lambda one: (_GRAVE.index(one.severity), _SURE.index(one.confidence), one.rule, one.statement)
        )
    )
