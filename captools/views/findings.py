"""Findings as a person reads them on a terminal."""

from __future__ import annotations

import shlex
import textwrap

from captools.model.analysis import Analysis
from captools.model.findings import Finding, Severity
from captools.views.text import safe

WIDTH = 110
MAX_SHOWN = {Severity.ERROR: 6, Severity.WARNING: 4, Severity.NOTE: 2}


def as_text(analysis: Analysis) -> str:
    """Return all findings with their evidence, or one line that says there is none and what that rests on."""
    if not analysis.findings and not len(analysis.packets):
        return "No packet was captured, so nothing can be said; `captools info` shows the points and their filters."
    if not analysis.findings:
        points = len({source.point for source in analysis.sources})
        return (
            f"No finding in {len(analysis.packets):,} packets at {points} point{'' if points == 1 else 's'}. "
            "Nothing is wrong as far as these captures can tell; `captools paths` shows what they followed."
        )
    return "\n\n".join(_one(finding) for finding in analysis.findings)


def _one(finding: Finding) -> str:
    head = f"{finding.severity.value.upper():8}{finding.rule}  ({finding.confidence.value})"
    lines = [head, *textwrap.wrap(safe(finding.statement), WIDTH, initial_indent="  ", subsequent_indent="  ")]
    most = MAX_SHOWN[finding.severity]
    for one in finding.evidence[:most]:
        frames = ", ".join(map(str, one.frames[:8])) + ("…" if len(one.frames) > 8 else "")
        lines.append(f"    {safe(one.point)}: frame {frames} of {safe(one.file)}: {safe(one.shows)}")
        if not one.filter:
            continue  # printed text: tshark cannot read it
        # Made to be copied into a shell: a file may be called "x; reboot".
        rules = [word for rule in one.decode_rules() for word in ("-d", rule)]
        words = ["tshark", "-r", one.file, *rules, "-Y", one.filter]
        lines.append(f"      {safe(shlex.join(words))}")
    if len(finding.evidence) > most:
        lines.append(f"    and {len(finding.evidence) - most} more (--json lists every proof)")
    if finding.remedy:
        lines += textwrap.wrap(
            f"Next: {safe(finding.remedy)}", WIDTH, initial_indent="  ", subsequent_indent="        "
        )
    return "\n".join(lines)
