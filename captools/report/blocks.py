"""The building blocks of a report. A section says what is to be shown; a renderer decides how it looks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from captools.model.findings import Finding
from captools.views.ladder import Ladder
from captools.views.layers import Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Plain text. ``tone``: plain, good, bad, doubt (it colours, the words must say it too)."""

    text: str
    tone: str = "plain"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"kind": "paragraph", **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and values, in order."""

    pairs: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"kind": "facts", "facts": dict(self.pairs)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text. Columns named in ``numbers`` are aligned right, those in ``code`` set in a fixed width."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    more: int = 0  # rows left out; the caption of the renderers says so

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: one object per row."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"kind": "table", "caption": self.caption, "rows": rows, "rows_left_out": self.more}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingBlock:
    """One finding with everything that proves it."""

    finding: Finding

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; the finding itself stands in the document's ``findings``."""
        return {"kind": "finding", "rule": self.finding.rule, "statement": self.finding.statement}


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderBlock:
    """One ladder."""

    ladder: Ladder

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: lanes, and per strand the lane and time of each step."""
        ladder = self.ladder
        return {
            "kind": "ladder", "title": ladder.title, "subtitle": ladder.subtitle,
            "outcome": ladder.outcome.value, "reason": ladder.reason, "lost_at": ladder.lost_at,
            "lanes": [lane.point for lane in ladder.lanes],
            "strands": [
                {
                    "title": strand.title, "way": strand.way.value, "note": strand.note,
                    "steps": [
                        {"lane": step.lane, "since_ns": step.since_ns, "medium": step.medium, **step.hop.to_json()}
                        for step in strand.steps
                    ],
                }
                for strand in ladder.strands
            ],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class StackBlock:
    """One frame as nested boxes."""

    stack: Stack

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"kind": "stack", **asdict(self.stack), "ip_bytes": self.stack.ip_bytes}


Block = Paragraph | Facts | Table | FindingBlock | LadderBlock | StackBlock
