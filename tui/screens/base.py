"""What all screens of the investigation share: the line at the top, help, filter keys, the footer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer

from captools.model.analysis import Analysis
from tui.widgets.crumbs import Crumbs

SCREENS = ("Overview", "Requests", "Paths")
WIDE = 110  # columns from which on panes stand side by side


class View(Screen[None]):
    """A screen over one analysis. ``name`` is one of SCREENS, ``deeper`` what was opened from it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "app.help", "Help", key_display="?"),
        Binding("q", "app.leave", "Quit"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
    TITLE_OF_VIEW = ""

    def __init__(self, analysis: Analysis, deeper: str = "") -> None:
        super().__init__()
        self.analysis = analysis
        self._deeper = deeper

    def compose(self) -> ComposeResult:
        """The crumbs, the screen's own panes, the footer with its keys."""
        yield Crumbs(self.analysis.title or "capture", SCREENS, self.current_view, self._deeper)
        yield from self.panes()
        yield Footer(show_command_palette=False)

    @property
    def current_view(self) -> str:
        """The screen to highlight in the crumbs."""
        return self.TITLE_OF_VIEW

    def panes(self) -> Iterator[Widget]:
        """Return the screen's own widgets, from top to bottom."""
        raise NotImplementedError
