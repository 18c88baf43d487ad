"""A table of records with the keys of vim, an empty state that says what it means, and a filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import DataTable, Static


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row: its cells, and the words a filter looks at."""

    cells: tuple[Text, ...]
    words: str


class RecordTable(DataTable[Text]):
    """DataTable with j k g G ctrl-d ctrl-u beside the arrows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("g", "scroll_top", "Top", show=False),
        Binding("G", "scroll_bottom", "Bottom", show=False),
        Binding("ctrl+d", "page_down", "Page down", show=False),
        Binding("ctrl+u", "page_up", "Page up", show=False),
    ]


class Records(Vertical):
    """A RecordTable over records, or the sentence of the empty state."""

    def __init__(self, *, empty: str, id: str) -> None:
        super().__init__(id=id)
        self._empty = empty
        self._columns: tuple[str, ...] = ()
        self._records: Sequence[Record] = ()
        self._needle = ""
        self._shown: list[int] = []

    def compose(self) -> ComposeResult:
        """Build table and empty state; one of the two is displayed."""
        yield RecordTable(cursor_type="row", zebra_stripes=True)
        yield Static(Text(self._empty), classes="empty")

    @property
    def table(self) -> RecordTable:
        """The table inside."""
        return self.query_one(RecordTable)

    @property
    def current(self) -> int | None:
        """Index of the record under the cursor, None where no record is shown."""
        row = self.table.cursor_row
        return self._shown[row] if 0 <= row < len(self._shown) else None

    @property
    def counted(self) -> str:
        """How many records are shown, for a pane's title."""
        total = len(self._records)
        return f"{len(self._shown)} of {total}" if len(self._shown) != total else str(total)

    def show(self, columns: tuple[str, ...], records: Sequence[Record]) -> None:
        """Show these records; the cursor stays on the record it was on."""
        kept = self.current
        self._columns, self._records = columns, records
        self._fill(kept)

    def narrow(self, needle: str) -> None:
        """Show only records whose words hold every word of ``needle``, whatever their case."""
        kept = self.current
        self._needle = needle
        self._fill(kept)

    def _fill(self, kept: int | None) -> None:
        wanted = self._needle.casefold().split()
        table = self.table
        table.clear(columns=True)
        table.add_columns(*self._columns)
        self._shown = [
            index
            for index, record in enumerate(self._records)
            if all(word in record.words.casefold() for word in wanted)
        ]
        for index in self._shown:
            table.add_row(*self._records[index].cells, key=str(index))
        empty = self.query_one(".empty", Static)
        if not self._shown:
            nothing = Text(f"Nothing matches “{self._needle}”. Press esc to clear the filter.")
            empty.update(nothing if self._records else Text(self._empty))
        table.display, empty.display = bool(self._shown), not self._shown
        if kept is not None and kept in self._shown:
            table.move_cursor(row=self._shown.index(kept))
