"""The findings, gravest first, each with the frames that prove it."""

from __future__ import annotations

from captools.model.analysis import Analysis
from captools.report.blocks import Block, FindingBlock, Paragraph
from captools.report.document import SectionRule

MOST = 200  # a report is for reading; the JSON holds them all


def build(analysis: Analysis) -> tuple[Block, ...]:
    """Return one block per finding."""
    if not analysis.findings:
        text = (
            "No rule had anything to say. That holds for what the captures could see: compare the coverage at the end "
            "of this report, and capture at more points (captools capture --all-nodes) if a node is missing there."
        )
        return (Paragraph(text=text),)
    blocks: list[Block] = [FindingBlock(finding=finding) for finding in analysis.findings[:MOST]]
    if len(analysis.findings) > MOST:
        left = len(analysis.findings) - MOST
        blocks.append(Paragraph(text=f"{left:,} more findings are left out here; captools findings lists them all."))
    return tuple(blocks)


SECTION = SectionRule(id="findings", title="Findings", order=20, build=build)
