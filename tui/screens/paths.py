"""The flows: one row each, its ladder on enter."""

from __future__ import annotations

from rich.text import Text

from captools.views.ladder import ladder_of_path
from captools.views.tables import worst_first
from tui.cells import cell, facts, number, outcome_cell
from tui.messages import LadderWanted
from tui.screens.table_view import TableView
from tui.widgets.records import Record


class PathsScreen(TableView):
    """Every flow that was followed over the observation points."""

    TITLE_OF_VIEW = "Paths"
    NOUN = "Flows"
    EMPTY = (
        "No flow could be followed.\n\nNone of the captured packets was TCP, UDP or ICMP, or there was no packet at "
        "all.\ncaptools info SOURCE shows what each file holds."
    )

    def columns(self, wide: bool) -> tuple[str, ...]:
        """The reason stands in the table only where there is room."""
        return ("flow", "outcome", "out", "back", "points", "last seen at") + (("why",) if wide else ())

    def records(self, wide: bool) -> list[Record]:
        """Return one record per flow."""
        made = []
        for path in worst_first(self.analysis):
            cells: tuple[Text, ...] = (
                cell(path.flow, 60 if wide else 42), outcome_cell(path.outcome), number(path.request_packets),
                number(path.reply_packets), number(len(path.points)), cell(path.last_seen, 28 if wide else 24),
            )  # fmt: skip
            if wide:
                cells = (*cells, cell(path.reason, 60))
            names = (
                self.analysis.cluster.name(path.flow.src),
                self.analysis.cluster.name(path.flow.dst, port=path.flow.dport),
            )
            words = " ".join((str(path.flow), path.outcome.value, path.reason, *path.points, *names))
            made.append(Record(cells=cells, words=words))
        return made

    def detail(self, index: int) -> Text:
        """Return names, outcome and points of one flow."""
        path = worst_first(self.analysis)[index]
        cluster = self.analysis.cluster
        names = f"{cluster.name(path.flow.src) or '?'} → {cluster.name(path.flow.dst, port=path.flow.dport) or '?'}"
        return facts(
            [
                ("flow", path.flow),
                ("names", names),
                ("outcome", f"{path.outcome.value}: {path.reason}" if path.reason else path.outcome.value),
                ("points", ", ".join(path.points)),
            ],
            limit=600,
        )

    def open(self, index: int) -> None:
        """Open the ladder of one flow."""
        path = worst_first(self.analysis)[index]
        self.post_message(LadderWanted(ladder_of_path(path, self.analysis.cluster), str(path.flow)))
