"""Findings as a person reads them on a terminal."""

from __future__ import annotations

import shlex
import textwrap
from collections import Counter
from collections.abc import Sequence

from captools.model.analysis import Analysis
from captools.model.findings import Finding, Severity
from captools.views.text import safe

WIDTH = 110
MAX_SHOWN = {Severity.ERROR: 6, Severity.WARNING: 4, Severity.NOTE: 2}  # proofs of one finding
MAX_ALIKE = {Severity.ERROR: 20, Severity.WARNING: 10, Severity.NOTE: 4}  # findings of one rule: nobody reads fifty


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
    return "\n\n".join([*_few_of_each(analysis.findings), _closing(analysis.findings)])


def _few_of_each(findings: Sequence[Finding]) -> list[str]:
    """Return one block for each finding, and behind the last one shown of a rule how many more there are."""
    blocks: list[str] = []
    count = Counter((one.rule, one.severity) for one in findings)
    shown: Counter[tuple[str, Severity]] = Counter()
    for one in findings:
        kind, most = (one.rule, one.severity), MAX_ALIKE[one.severity]
        shown[kind] += 1
        if shown[kind] <= most:
            blocks.append(_one(one))
        elif shown[kind] == most + 1:
            blocks.append(
                f"{one.severity.value.upper():8}{one.rule}  {count[kind] - most} more like that (--json lists them all)"
            )
    return blocks


def _closing(findings: Sequence[Finding]) -> str:
    """Count them all on the last line, which a terminal still shows, and say how to look at one."""
    counts = Counter(one.severity for one in findings)
    told = ", ".join(
        f"{counts[severity]:,} {severity.value}{'' if counts[severity] == 1 else 's'}"
        for severity in Severity
        if counts[severity]
    )
    first = next((proof for one in findings for proof in one.evidence if proof.frames), None)
    if first is None:
        return f"{told}."
    place = safe(shlex.quote(f"{first.point}:{first.frames[0]}"))
    return f"{told}. A frame with its whole way: captools explain SOURCE... --frame {place}"


def _one(finding: Finding) -> str:
    head = f"{finding.severity.value.upper():8}{finding.rule}  ({finding.confidence.value})"
    lines = [head, *wrapped(finding.statement, "  ", "  ")]
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
        lines += wrapped(f"Next: {finding.remedy}", "  ", "        ")
    return "\n".join(lines)


def wrapped(words: str, first: str, rest: str) -> list[str]:
    """Break a text into lines between words only: options and names with hyphens are there to be copied."""
    return textwrap.wrap(
        safe(words), WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False, break_long_words=False
    )
