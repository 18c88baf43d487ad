"""The filter line at the bottom, opened with ``/`` as in vim, less and k9s."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class FilterBar(Input):
    """Hidden until asked for. Enter keeps the filter, esc clears it; both give the keys back (Left)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Clear filter")]

    class Left(Message):
        """The person is done typing: the table takes the keys again."""

    def __init__(self) -> None:
        super().__init__(placeholder="words that a row must hold: enter keeps them, esc clears", id="filter")
        self.display = False

    def open(self) -> None:
        """Show the line and take the keys."""
        self.display = True
        self.focus()

    def action_give_up(self) -> None:
        """Empty and hide the line; the change of value tells the screen."""
        self.value = ""
        self.display = False
        self.post_message(self.Left())

    async def action_submit(self) -> None:
        """Keep the filter; the line stays in sight while it holds anything."""
        self.display = bool(self.value)
        self.post_message(self.Left())
