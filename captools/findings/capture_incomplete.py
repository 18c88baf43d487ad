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
            part = any(source.node == node.name and source.packets for source in analysis.sources)
            how = "was captured in part only" if part else "was not captured"
            remedy = f"captools nodes --node {node.name}"
            yield _finding(f"{node.name} {how}: {node.error.removeprefix(f'{node.name}: ')}.", node.name, remedy)
    yield from _cut_headers(analysis)
    yield from _printed_only(analysis)


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


def _printed_only(analysis: Analysis) -> Iterator[Finding]:
    """Points that only printed text tells of: what text alone cannot prove."""
    points: dict[str, None] = {}
    read = {source.point for source in analysis.sources if not source.text}
    of_text = {source.name for source in analysis.sources if source.text}
    if of_text:
        rows = analysis.packets.select(["source", "point"]).group_by(["source", "point"]).aggregate([])
        pairs = zip(rows["source"].to_pylist(), rows["point"].to_pylist(), strict=True)
        points = {point: None for source, point in pairs if source in of_text and point not in read}
    if not points:
        return
    names = listed(sorted(points))
    yield _finding(
        f"{names} {'is' if len(points) == 1 else 'are'} known by printed text only. It proves what it prints and nothing "
        "else: filters and lost lines may have left packets out, so no silence there counts as a loss; there are no bytes "
        "to read again, so that equal packets are known by their headers alone; and delays between logs of different tools "
        "rest on the clocks that stamped them.",
        next(iter(sorted(points))),
        "capture these points into files (captools capture --node NODE, or tcpdump -w FILE) where more must be proven",
        tuple(sorted(points)),
    )


def _remedy(why: str) -> str:
    if "kernel" in why:
        return "capture again with a larger --buffer, a narrower -f filter, or --snaplen 256"
    if "spool" in why:
        return "capture again with a larger --spool, a narrower -f filter, or --snaplen 256"
    return "capture this point again"


def _finding(statement: str, point: str, remedy: str, points: tuple[str, ...] = ()) -> Finding:
    subject = {"name": point, "node": point.partition("/")[0]}
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.PROVEN,
        statement=statement,
        subject=subject,
        coverage=Coverage(points=points or (point,), reason=statement),
        remedy=remedy,
    )


RULE = FindingRule(
    id="capture-incomplete",
    severity=Severity.WARNING,
    title="Something could not be seen",
    judge=_judge,
)
