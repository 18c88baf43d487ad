"""capture-incomplete: what the captures of this session could not have seen."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.compute as pc

from captools.correlate.paths.coverage import loss
from captools.findings._words import counted, listed
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.packets import DecodeStop


def _judge(analysis: Analysis) -> Iterator[Finding]:
    for source in analysis.sources:
        reason = loss(source)
        if reason:
            point = source.point or source.name
            yield _finding(f"{point} {reason}.", point, _remedy(reason))
    for node in analysis.manifest.nodes if analysis.manifest else ():
        if not node.ok:
            yield _finding(
                f"{node.name} was not captured: {node.error}.", node.name, f"captools nodes --check {node.name}"
            )
    yield from _cut_headers(analysis)


def _cut_headers(analysis: Analysis) -> Iterator[Finding]:
    """Frames cut so short that their headers are missing: their packets are not told apart."""
    packets = analysis.packets
    stopped = pc.equal(pc.cast(packets["decode_stop"], "string"), DecodeStop.TRUNCATED.value)
    cut = packets.filter(pc.fill_null(stopped, False))
    if not len(cut):
        return
    points = sorted(set(cut["point"].to_pylist()))
    yield _finding(
        f"{counted(len(cut), 'frame')} at {listed(points)} are cut before their headers end, so that they cannot be "
        "followed.",
        points[0],
        "capture again with a larger --snaplen (the default keeps whole packets)",
    )


def _remedy(why: str) -> str:
    if "kernel" in why:
        return "capture again with a larger --buffer, a narrower -f filter, or --snaplen 256"
    return "capture this point again"


def _finding(statement: str, point: str, remedy: str) -> Finding:
    subject = {"name": point, "node": point.partition("/")[0]}
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.PROVEN,
        statement=statement,
        subject=subject,
        coverage=Coverage(points=(point,), reason=statement),
        remedy=remedy,
    )


RULE = FindingRule(
    id="capture-incomplete",
    severity=Severity.WARNING,
    title="Something could not be seen",
    judge=_judge,
)
