"""The ground everything stands on: sources, what the tools counted, and what could not be seen."""

from __future__ import annotations

from collections.abc import Iterator

from captools.model.analysis import Analysis
from captools.model.clocks import ClockReport
from captools.model.evidence import Blindness
from captools.model.sources import Source
from captools.model.units import rfc3339, size
from captools.report.blocks import Block, Paragraph, Table
from captools.report.document import SectionRule
from captools.views import clocks

SHORT_DIGEST = 16
SHOWN_POINTS = 3
COLUMNS = (
    "point", "file", "packets", "bytes", "first (UTC)", "captured", "received", "dropped", "filter", "state", "sha256",
)  # fmt: skip


def build(analysis: Analysis) -> tuple[Block, ...]:
    """Return sources, blind spots, clocks and warnings."""
    if not analysis.sources:
        return (Paragraph(text="Nothing was opened. Give a session folder or a capture file."),)
    blocks: list[Block] = [
        Table(
            caption="Sources", columns=COLUMNS, rows=tuple(_source(source) for source in analysis.sources),
            numbers=("packets", "bytes", "captured", "received", "dropped"),
            code=("point", "file", "filter", "sha256"),
        )
    ]  # fmt: skip
    if analysis.coverage:
        rows = tuple(_together(analysis.coverage))
        blocks.append(
            Table(caption="What could not be seen", columns=("point", "when", "why"), rows=rows, code=("point",))
        )
    else:
        blocks.append(Paragraph(text="No point is known to have missed anything.", tone="plain"))
    if analysis.clocks:
        report = ClockReport(offsets=analysis.clocks, reference=analysis.clock_reference, early=analysis.early_packets)
        caption = f"Clocks, against {report.reference or 'no reference'}"
        blocks.append(Table(caption=caption, columns=clocks.COLUMNS, rows=tuple(clocks.rows(report.offsets)),
                            numbers=("runs ahead by", "within", "gains")))  # fmt: skip
        blocks += [Paragraph(text=note, tone="doubt") for note in clocks.notes(report)]
    blocks += [Paragraph(text=text, tone="doubt") for text in (*analysis.warnings, *analysis.cluster.warnings)]
    return tuple(blocks)


def _together(blind: tuple[Blindness, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield (points, when, why), each reason once: a capture's own way home is left out at every one of its points."""
    points: dict[tuple[str, str], list[str]] = {}
    for one in blind:
        points.setdefault((_span(one.start, one.end), one.why_blind), []).append(one.point)
    for (when, why), some in points.items():
        more = len(some) - SHOWN_POINTS
        yield ", ".join(some[:SHOWN_POINTS]) + (f" and {more} more" if more > 0 else ""), when, why


def _source(source: Source) -> tuple[str, ...]:
    counts = source.counts

    def told(number: int | None) -> str:
        return "-" if number is None else f"{number:,}"

    state = source.error or source.damage or ("complete" if source.ok else "failed")
    first = rfc3339(source.first_ns)[11:23] if source.first_ns is not None else "-"
    return (
        source.point or "several", source.name, f"{source.packets:,}", size(source.bytes), first,
        told(counts.captured), told(counts.received), told(counts.dropped),
        source.user_filter or source.match or "-", state, source.sha256[:SHORT_DIGEST] or "-",
    )  # fmt: skip


def _span(start: str, end: str) -> str:
    return f"{start or 'start'} to {end or 'end'}" if start or end else "whole capture"


SECTION = SectionRule(id="coverage", title="Sources and coverage", order=70, build=build)
