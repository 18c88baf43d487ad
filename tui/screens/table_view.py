"""A screen that is a table with a detail pane below it and a filter: requests and paths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, Input

from captools.model.analysis import Analysis
from tui.screens.base import WIDE, View
from tui.widgets.filter_bar import FilterBar
from tui.widgets.pane import Pane
from tui.widgets.records import Record, Records


class TableView(View):
    """Sub-classes say what the columns, rows and details are, and what enter opens."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("escape", "clear", "Clear filter", show=False),
    ]
    EMPTY = ""
    NOUN = ""

    def __init__(self, analysis: Analysis) -> None:
        super().__init__(analysis)
        self._wide: bool | None = None

    def panes(self) -> Iterator[Widget]:
        """Table, detail, filter line."""
        yield Records(empty=self.EMPTY, id="rows")
        yield Pane(id="detail")
        yield FilterBar()

    def columns(self, wide: bool) -> tuple[str, ...]:
        """Return the column titles for this width."""
        raise NotImplementedError

    def records(self, wide: bool) -> list[Record]:
        """Return all rows for this width."""
        raise NotImplementedError

    def detail(self, index: int) -> Text:
        """Return the detail of one row."""
        raise NotImplementedError

    def open(self, index: int) -> None:
        """Open one row."""
        raise NotImplementedError

    @property
    def rows(self) -> Records:
        """The table with its empty state."""
        return self.query_one("#rows", Records)

    def on_mount(self) -> None:
        """Fill the table for the width there is."""
        self._fit(self.app.size.width)
        self.rows.table.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Show more columns where there is room."""
        self._fit(event.size.width)

    def _fit(self, width: int) -> None:
        wide = width >= WIDE
        if wide != self._wide:
            self._wide = wide
            self.rows.show(self.columns(wide), self.records(wide))
            self._describe()

    def _describe(self) -> None:
        current = self.rows.current
        self.rows.border_title = f"{self.NOUN} {self.rows.counted}"
        pane = self.query_one("#detail", Pane)
        pane.display = current is not None
        if current is not None:
            pane.show(self.detail(current))

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self._describe()

    @on(DataTable.RowSelected)
    def _opened(self) -> None:
        current = self.rows.current
        if current is not None:
            self.open(current)

    def action_filter(self) -> None:
        """Open the filter line."""
        self.query_one(FilterBar).open()

    def action_clear(self) -> None:
        """Clear the filter."""
        self.query_one(FilterBar).action_give_up()

    @on(Input.Changed, "#filter")
    def _narrowed(self, event: Input.Changed) -> None:
        self.rows.narrow(event.value)
        self._describe()

    @on(FilterBar.Left)
    def _typed(self) -> None:
        self.rows.table.focus()
