"""The first screen: is something wrong, and where. Verdict, findings with their proof, points with their counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget
from textual.widgets import DataTable, Static

from captools.model.findings import Severity
from captools.model.paths import Outcome
from captools.model.units import size
from captools.views.printable import printable
from captools.views.verdict import captured, verdict, worst
from tui.cells import OUTCOME, SEVERITY, cell, finding_pane, number, severity_cell
from tui.screens.base import View
from tui.widgets.pane import Pane
from tui.widgets.records import Record, Records

NO_FINDINGS = (
    "No rule had anything to say.\n\nThat holds for what the captures could see. Is a node missing among the points? "
    "Capture again with captools capture --all-nodes."
)
NO_POINTS = "No capture was opened.\n\nGive a session folder or a capture file: captools tui SOURCE"


class OverviewScreen(View):
    """Verdict, findings, points."""

    TITLE_OF_VIEW = "Overview"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Pane"),
        Binding("shift+tab", "app.focus_previous", "Pane back", show=False),
    ]

    def panes(self) -> Iterator[Widget]:
        """Verdict above, findings with detail, points."""
        yield Static(self._verdict(), id="verdict")
        yield Container(
            Container(Records(empty=NO_FINDINGS, id="findings"), Records(empty=NO_POINTS, id="points"), id="lists"),
            Pane(id="detail"),
            id="split",
        )

    def _verdict(self) -> Text:
        facts = captured(self.analysis)
        dropped = "drops not told" if facts.dropped is None else f"{facts.dropped:,} dropped"
        line = f"{facts.packets:,} packets, {len(facts.points)} points, {len(facts.nodes)} nodes, {dropped}"
        gravest = worst(self.analysis.findings)
        style = OUTCOME[Outcome.DELIVERED if facts.packets else Outcome.UNKNOWN]
        if gravest in (Severity.ERROR, Severity.WARNING):
            style = SEVERITY[gravest]
        text = Text(printable(f"{line}, {facts.window[11:] or facts.window}", 200) + "\n", style="dim")
        text.append(printable(verdict(self.analysis), 700), style=f"not dim {style}")
        if self.analysis.warnings:
            more = f" (and {len(self.analysis.warnings) - 1} more)" if len(self.analysis.warnings) > 1 else ""
            text.append(f"\n{printable(self.analysis.warnings[0], 300)}{more}", style=SEVERITY[Severity.WARNING])
        return text

    def on_mount(self) -> None:
        """Fill the lists."""
        findings = self.query_one("#findings", Records)
        findings.show(
            ("severity", "rule", "statement"),
            [
                Record(
                    cells=(severity_cell(one.severity), cell(one.rule, 26), cell(one.statement, 160)),
                    words=one.statement,
                )
                for one in self.analysis.findings
            ],
        )
        findings.border_title = f"Findings {findings.counted}"
        points = self.query_one("#points", Records)
        points.show(("point", "packets", "bytes", "dropped", "state"), self._points())
        points.border_title = f"Points {points.counted}"
        pane = self.query_one("#detail", Pane)
        pane.border_title = "Finding"
        pane.display = bool(self.analysis.findings)
        findings.table.focus()

    def _points(self) -> list[Record]:
        blind = {one.point: one.why_blind for one in self.analysis.coverage}
        made = []
        for source in self.analysis.sources:
            state = source.error or source.damage or blind.get(source.point, "") or ("ok" if source.ok else "failed")
            style = "" if state == "ok" else SEVERITY[Severity.WARNING]
            made.append(
                Record(
                    cells=(cell(source.point or source.name, 34), number(source.packets), cell(size(source.bytes)),
                           number(source.counts.dropped), cell(state, 60, style)),
                    words=source.point,
                )
            )  # fmt: skip
        return made

    @on(DataTable.RowHighlighted, "#findings RecordTable")
    def _finding(self) -> None:
        current = self.query_one("#findings", Records).current
        if current is not None:
            self.query_one("#detail", Pane).show(finding_pane(self.analysis.findings[current]))
