"""The path of the packets that tell most: ladders over the observation points, then every flow in one table."""

from __future__ import annotations

from captools.model.analysis import Analysis
from captools.report.blocks import Block, LadderBlock, Paragraph, Table
from captools.report.document import SectionRule
from captools.views.notable import notable_ladders
from captools.views.path_notes import notes

MOST = 200


def build(analysis: Analysis) -> tuple[Block, ...]:
    """Return the ladders worth a picture and the table of flows."""
    if not analysis.paths:
        text = (
            "No flow could be followed: none of the captured packets was TCP, UDP or ICMP, or there was no packet at "
            "all. captools info shows what each file holds."
        )
        return (Paragraph(text=text),)
    ladders = notable_ladders(analysis)
    blocks: list[Block] = [LadderBlock(ladder=ladder) for ladder in ladders]
    if not ladders:
        blocks.append(
            Paragraph(
                text="Every flow was seen at one point only, so there is no way to draw. Capture at several points, "
                "for example with captools capture --all-nodes."
            )
        )
    rows = tuple(
        (
            str(path.flow), f"{path.request_packets:,}", f"{path.reply_packets:,}", str(len(path.points)),
            path.outcome.value, path.last_seen, "; ".join([path.reason, *notes(path, analysis.cluster)]),
        )
        for path in analysis.paths[:MOST]
    )  # fmt: skip
    blocks.append(
        Table(
            caption="Flows", columns=("flow", "packets out", "back", "points", "outcome", "last seen at", "why"),
            rows=rows, numbers=("packets out", "back", "points"), code=("flow", "last seen at"),
            more=len(analysis.paths) - len(rows),
        )
    )  # fmt: skip
    return tuple(blocks)


SECTION = SectionRule(id="path", title="Path", order=40, build=build)
