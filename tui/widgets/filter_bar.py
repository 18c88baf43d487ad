"""The filter line at the bottom, opened with ``/`` as in vim, less and k9s."""

from __future__ import annotations

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class FilterBar(Input):
    """Hidden until asked for. Every key tells the screen; enter keeps the filter, esc clears it."""

    BINDINGS: list[BindingType] = [Binding("escape", "give_up", "Clear filter", show=False)]  # noqa: RUF012

    class Changed(Message):
        """The words to filter by are now these."""

        def __init__(self, needle: str) -> None:
            super().__init__()
            self.needle = needle

    class Left(Message):
        """The person is done typing: the table takes the keys again."""

    def __init__(self) -> None:
        super().__init__(placeholder="filter: words that a row must hold (enter keeps, esc clears)", id="filter")
        self.display = False

    def open(self) -> None:
        """Show the line and take the keys."""
        self.display = True
        self.focus()

    def clear_all(self) -> None:
        """Empty and hide the line; the screen hears of it."""
        self.value = ""
        self.display = False
        self.post_message(self.Left())

    def action_give_up(self) -> None:
        """Clear the filter."""
        self.clear_all()

    def watch_value(self, value: str) -> None:
        """Tell the screen of every change."""
        self.post_message(FilterBar.Changed(value))

    async def action_submit(self) -> None:
        """Keep the filter and give the keys back."""
        self.display = bool(self.value)
        self.post_message(self.Left())
