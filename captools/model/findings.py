"""Findings: what a rule says, how grave it is, how sure it is, and what proves it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from captools.model.evidence import Confidence, Coverage, Evidence

if TYPE_CHECKING:
    from captools.model.analysis import Analysis


class Severity(StrEnum):
    """error: something is broken; warning: look at it; note: how it works."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One statement of one rule. ``subject`` keys: src dst sport dport proto pod node vip name."""

    rule: str
    severity: Severity
    confidence: Confidence
    statement: str
    subject: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    coverage: Coverage = Coverage()
    remedy: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (DESIGN, section 7)."""
        return {
            "rule": self.rule, "severity": self.severity.value, "confidence": self.confidence.value,
            "statement": self.statement, "subject": self.subject,
            "evidence": [one.to_json() for one in self.evidence], "coverage": self.coverage.to_json(),
            "remedy": self.remedy,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRule:
    """What a file in captools/findings/ offers as ``RULE``."""

    id: str
    severity: Severity
    title: str
    judge: Callable[[Analysis], Iterable[Finding]]
