"""The first thing a person reads: what was captured, and whether something is wrong, in one paragraph."""

from __future__ import annotations

from dataclasses import dataclass

from captools.model.analysis import Analysis
from captools.model.encryption import Verdict
from captools.model.findings import Finding, Severity
from captools.model.paths import Outcome
from captools.model.units import duration, rfc3339
from captools.views.ladder import split_point


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What came in. ``dropped`` is None where no tool told its counts."""

    nodes: tuple[str, ...]
    points: tuple[str, ...]
    sources: int
    packets: int
    bytes: int
    first_ns: int | None
    last_ns: int | None
    dropped: int | None

    @property
    def window(self) -> str:
        """The time the packets span, as people read it."""
        if self.first_ns is None or self.last_ns is None:
            return "no packet"
        start = rfc3339(self.first_ns)
        # Seconds are enough here; the nine digits stand in the evidence.
        return f"{start[:10]} {start[11:19]} UTC, {duration(self.last_ns - self.first_ns)}"


def captured(analysis: Analysis) -> Captured:
    """Sum up the sources."""
    points = tuple(dict.fromkeys(source.point for source in analysis.sources if source.point))
    firsts = [source.first_ns for source in analysis.sources if source.first_ns is not None]
    lasts = [source.last_ns for source in analysis.sources if source.last_ns is not None]
    drops = [source.counts.dropped for source in analysis.sources if source.counts.dropped is not None]
    return Captured(
        nodes=tuple(dict.fromkeys(node for node, _ in map(split_point, points) if node)), points=points,
        sources=len(analysis.sources), packets=sum(source.packets for source in analysis.sources),
        bytes=sum(source.bytes for source in analysis.sources), first_ns=min(firsts, default=None),
        last_ns=max(lasts, default=None), dropped=sum(drops) if drops else None,
    )  # fmt: skip


def worst(findings: tuple[Finding, ...]) -> Severity | None:
    """Return the gravest severity among the findings."""
    present = {finding.severity for finding in findings}
    return next((severity for severity in Severity if severity in present), None)


def verdict(analysis: Analysis) -> str:
    """Return the verdict: findings first, then flows, requests and encryption, in plain sentences."""
    sentences = [_findings(analysis), _paths(analysis), _requests(analysis), _encryption(analysis)]
    return " ".join(sentence for sentence in sentences if sentence)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _findings(analysis: Analysis) -> str:
    by = {severity: [f for f in analysis.findings if f.severity is severity] for severity in Severity}
    errors, warnings = by[Severity.ERROR], by[Severity.WARNING]
    if errors:
        more = (
            f" There {'is' if len(errors) == 2 else 'are'} {_count(len(errors) - 1, 'more error')}."
            if errors[1:]
            else ""
        )
        return f"Something is broken: {errors[0].statement}{more}"
    if warnings:
        return f"No error was found, but {_count(len(warnings), 'warning')}: {warnings[0].statement}"
    if not any(source.packets for source in analysis.sources):
        return "No packet was captured, so nothing can be said."
    return "No error and no warning was found in what the captures could see."


def _paths(analysis: Analysis) -> str:
    if not analysis.paths:
        return ""
    counts = {outcome: sum(path.outcome is outcome for path in analysis.paths) for outcome in Outcome}
    parts = [f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome]]
    return f"{_count(len(analysis.paths), 'flow')}: {', '.join(parts)}."


def _requests(analysis: Analysis) -> str:
    if not analysis.requests:
        return ""
    failed = [one for one in analysis.requests if one.status is None or one.status >= 400]
    rest = f", {len(failed)} of them without success" if failed else ", all answered with success"
    span = [one.gateway_ns for one in analysis.requests if one.gateway_ns is not None]
    spent = f"; the proxy took {duration(min(span))} to {duration(max(span))}" if span else ""
    return f"{_count(len(analysis.requests), 'request')}{rest}{spent}."


def _encryption(analysis: Analysis) -> str:
    found = analysis.encryption
    told = found.verdict in (Verdict.ENCRYPTED, Verdict.LEAKING) or analysis.expect_encryption
    return f"Encryption between nodes: {found.verdict.value}. {sentence(found.reason)}" if told else ""


def sentence(text: str) -> str:
    """Return ``text`` with a capital letter and a full stop; an empty text stays empty."""
    text = text.strip()
    return text and text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
