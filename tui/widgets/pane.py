"""A pane of text that scrolls, with the keys of vim."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static


class Pane(VerticalScroll):
    """Shows one text at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "Down", show=False),
        Binding("k", "scroll_up", "Up", show=False),
        Binding("g", "scroll_home", "Top", show=False),
        Binding("G", "scroll_end", "Bottom", show=False),
        Binding("ctrl+d", "page_down", "Page down", show=False),
        Binding("ctrl+u", "page_up", "Page up", show=False),
    ]

    def compose(self) -> ComposeResult:
        """One static text that wraps."""
        yield Static(Text(""))

    def show(self, text: Text, title: str = "") -> None:
        """Show ``text`` from its beginning."""
        self.query_one(Static).update(text)
        self.border_title = title or self.border_title
        self.scroll_home(animate=False)
