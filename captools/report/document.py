"""The report as a value: title, facts and sections in order. Every renderer draws this same document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from captools.model.analysis import Analysis
from captools.report.blocks import Block
from captools.views.verdict import captured, verdict, worst


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the report. ``id`` is its anchor."""

    id: str
    title: str
    blocks: tuple[Block, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"id": self.id, "title": self.title, "blocks": [block.to_json() for block in self.blocks]}


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionRule:
    """What a file in captools/report/sections/ offers as ``SECTION``; ``order`` is its place, low first.

    ``build`` always gives blocks: a section without anything to show says so, why, and what to try.
    """

    id: str
    title: str
    order: int
    build: Callable[[Analysis], tuple[Block, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole report. ``status`` is the gravest severity found, or "fine"."""

    title: str
    verdict: str
    status: str
    window: str
    sections: tuple[Section, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "title": self.title, "verdict": self.verdict, "status": self.status, "window": self.window,
            "sections": [section.to_json() for section in self.sections],
        }  # fmt: skip


def compose(analysis: Analysis, rules: Sequence[SectionRule]) -> Document:
    """Build the document from the sections given, in their order."""
    found = worst(analysis.findings)
    facts = captured(analysis)
    return Document(
        title=analysis.title or "capture", verdict=verdict(analysis),
        status=found.value if found else "fine" if facts.packets else "empty", window=facts.window,
        sections=tuple(
            Section(id=rule.id, title=rule.title, blocks=rule.build(analysis))
            for rule in sorted(rules, key=lambda rule: rule.order)
        ),
    )  # fmt: skip
