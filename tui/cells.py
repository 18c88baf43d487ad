"""Cells and panes as styled text. Pure; nothing from a capture reaches the terminal but through here.

``rich.text.Text`` never reads markup, and every word in it went through ``printable``: escape codes, bidirectional
controls and ``[bold]`` stay visible letters.
"""

from __future__ import annotations

from rich.text import Text

from captools.model.evidence import Evidence
from captools.model.findings import Finding, Severity
from captools.model.paths import Change, Outcome
from captools.views.printable import printable

SEVERITY = {Severity.ERROR: "bold #ff6b6b", Severity.WARNING: "bold #f0b429", Severity.NOTE: "#7cb7ff"}
OUTCOME = {
    Outcome.DELIVERED: "#7fd6a0", Outcome.LOST: "bold #ff6b6b", Outcome.REFUSED: "bold #ff6b6b",
    Outcome.UNKNOWN: "#f0b429",
}  # fmt: skip
CHANGE = {
    Change.NONE: "", Change.ENCAPSULATED: "bold #b89cff", Change.DECAPSULATED: "bold #b89cff",
    Change.ENCRYPTED: "bold #f093cb", Change.DECRYPTED: "bold #f093cb", Change.TRANSLATED: "bold #f0b429",
    Change.PROXIED: "bold #f0b429", Change.ROUTED: "#6fd0da",
}  # fmt: skip
HEADING, SOFT = "bold", "dim"


def cell(value: object, limit: int = 60, style: str = "") -> Text:
    """Return one line of a table: printable, shortened in the middle, never wrapped."""
    return Text(printable("-" if value is None or value == "" else value, limit), style=style, no_wrap=True)


def number(value: int | None) -> Text:
    """Return a count, aligned right; a dash where it is not known."""
    return Text("-" if value is None else f"{value:,}", justify="right", no_wrap=True)


def status_cell(status: int | None) -> Text:
    """Return an HTTP status, coloured by its class (RFC 9110, section 15)."""
    if status is None:
        return Text("none", style=OUTCOME[Outcome.UNKNOWN])
    style = OUTCOME[Outcome.DELIVERED] if status < 400 else SEVERITY[Severity.ERROR]
    return Text(str(status), style=style)


def severity_cell(severity: Severity) -> Text:
    """Return a severity as its word, coloured."""
    return Text(severity.value, style=SEVERITY[severity])


def outcome_cell(outcome: Outcome) -> Text:
    """Return an outcome as its word, coloured."""
    return Text(outcome.value, style=OUTCOME[outcome])


def facts(pairs: list[tuple[str, object]], limit: int = 200) -> Text:
    """Return names and values, one pair a line; pairs without a value are left out."""
    text = Text()
    shown = [(name, value) for name, value in pairs if value not in (None, "")]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        text.append(f"{name:<{width}}  ", style=SOFT)
        text.append(f"{printable(value, limit)}\n")
    return text


def finding_pane(finding: Finding) -> Text:
    """Return statement, remedy, evidence and coverage of a finding."""
    text = Text()
    text.append(finding.severity.value, style=SEVERITY[finding.severity])
    text.append(f"  {printable(finding.rule, 60)}", style=HEADING)
    text.append(f"  {finding.confidence.value}\n", style=SOFT)
    text.append(f"{printable(finding.statement, 1_000)}\n")
    if finding.remedy:
        text.append("\nWhat to do\n", style=HEADING)
        text.append(f"{printable(finding.remedy, 1_000)}\n")
    text.append("\nEvidence\n", style=HEADING)
    if not finding.evidence:
        text.append("No single frame: it follows from the tools' own counts or from what is missing.\n", style=SOFT)
    for one in finding.evidence:
        text.append_text(evidence_lines(one))
    if finding.coverage.points or finding.coverage.reason:
        text.append("\nRests on\n", style=HEADING)
        seen = ", ".join(finding.coverage.points)
        text.append(printable("; ".join(part for part in (seen, finding.coverage.reason) if part), 800) + "\n")
    return text


def evidence_lines(one: Evidence, most: int = 8) -> Text:
    """Return the frames of one proof and the Wireshark filter that shows them."""
    text = Text()
    shown = ", ".join(str(frame) for frame in one.frames[:most])
    more = f" and {len(one.frames) - most} more" if len(one.frames) > most else ""
    text.append(f"{printable(one.point, 60)}", style="bold")
    text.append(f"  frame {shown}{more}" if one.frames else "")
    text.append(f"  {printable(one.file.rpartition('/')[2], 60)}\n", style=SOFT)
    if one.shows:
        text.append(f"  {printable(one.shows, 300)}\n")
    if one.filter:
        text.append("  filter     ", style=SOFT)
        text.append(f"{printable(one.filter, 600)}\n")
    if one.decode_as:
        text.append("  decode as  ", style=SOFT)
        text.append(f"{printable(one.decode_as, 100)}\n")
    return text
