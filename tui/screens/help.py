"""The keys of the screen below, and of every screen."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

KEYS: tuple[tuple[str, str, str], ...] = (
    ("", "1  2  3", "overview, requests, paths"),
    ("", "j  k  or arrows", "move down and up"),
    ("", "g  G", "first and last"),
    ("", "ctrl-d  ctrl-u", "a page down and up"),
    ("", "tab", "next pane"),
    ("Requests Paths", "enter", "open the ladder: the path through every point"),
    ("Requests Paths", "/", "filter: words that a row must hold; enter keeps, esc clears"),
    ("Ladder", "esc", "back to the table"),
    ("Ladder", "│ ● plain   ║ ◆ in a tunnel   ▒ ◆ in WireGuard", "what carries the packet"),
    ("", "?", "this help"),
    ("", "q", "quit"),
)


class HelpScreen(ModalScreen[None]):
    """Closed by any of esc, q, ? and enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss", "Close", key_display="esc"),
    ]

    def __init__(self, view: str) -> None:
        super().__init__()
        self._view = view

    def compose(self) -> ComposeResult:
        """One box in the middle."""
        with VerticalScroll(id="help") as box:
            box.border_title = f"Keys: {self._view}"
            yield Static(keys_of(self._view))


def keys_of(view: str) -> Text:
    """Return the keys of a screen, its own ones first."""
    own = [row for row in KEYS if view in row[0].split()]
    everywhere = [row for row in KEYS if not row[0]]
    text = Text()
    for _, key, does in (*own, *everywhere):
        text.append(f"{key:<17}", style="bold")
        text.append(f" {does}\n")
    return text
