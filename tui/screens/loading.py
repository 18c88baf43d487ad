"""Shown while the sources are read, and where that fails."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Footer, LoadingIndicator, Static

from captools.views.printable import printable


class LoadingScreen(Screen[None]):
    """A sentence and a sign of life; after a failure, the sentence that says what to try."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.leave", "Quit")]

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what

    def compose(self) -> ComposeResult:
        """Sentence, sign of life, footer."""
        with Vertical(id="loading"):
            yield Static(Text(printable(self._what, 200), justify="center"), id="what")
            yield LoadingIndicator()
        yield Footer(show_command_palette=False)

    def fail(self, sentence: str) -> None:
        """Show why there is nothing to show."""
        self.query_one(LoadingIndicator).display = False
        text = Text("The sources could not be opened\n\n", style="bold", justify="center")
        text.append(printable(sentence, 600), style="not bold")
        text.append("\n\nPress q to leave.", style="not bold dim")
        self.query_one("#what", Static).update(text)
