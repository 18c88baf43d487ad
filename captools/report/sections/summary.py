"""What was captured, and the verdict in one paragraph."""

from __future__ import annotations

from captools.model.analysis import Analysis
from captools.model.findings import Severity
from captools.model.units import size
from captools.report.blocks import Block, Facts, Paragraph
from captools.report.document import SectionRule
from captools.views.verdict import captured, verdict, worst


def build(analysis: Analysis) -> tuple[Block, ...]:
    """Return the verdict and the counts."""
    facts = captured(analysis)
    gravest = worst(analysis.findings)
    tone = {Severity.ERROR: "bad", Severity.WARNING: "doubt"}.get(gravest or Severity.NOTE, "good")
    if not facts.packets:
        tone = "doubt"
    counts = [(sum(f.severity is severity for f in analysis.findings), severity.value) for severity in Severity]
    findings = [f"{count} {word}{'s' if count > 1 else ''}" for count, word in counts if count]
    pairs = (
        ("Nodes", ", ".join(facts.nodes) or "none named"),
        ("Observation points", f"{len(facts.points)} (files read: {facts.sources})"),
        ("Packets", f"{facts.packets:,} ({size(facts.bytes)})"),
        ("Time", facts.window),
        ("Dropped by the kernel", "not told" if facts.dropped is None else f"{facts.dropped:,}"),
        ("Flows followed", f"{len(analysis.paths):,}"),
        ("HTTP requests", f"{len(analysis.requests):,}"),
        ("Findings", ", ".join(findings) or "none"),
        ("Encryption between nodes", analysis.encryption.verdict.value),
    )
    return Paragraph(text=verdict(analysis), tone=tone), Facts(pairs=pairs)


SECTION = SectionRule(id="summary", title="Verdict", order=10, build=build)
