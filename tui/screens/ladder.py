"""One path, sighting by sighting; the pane says what changed at the one under the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget
from textual.widgets import Static

from captools.model.analysis import Analysis
from captools.views.ladder import Ladder
from captools.views.printable import printable
from tui.cells import OUTCOME, SOFT
from tui.ladder_cells import step_pane
from tui.screens.base import View
from tui.widgets.ladder_list import LadderList
from tui.widgets.pane import Pane


class LadderScreen(View):
    """The path through every point, grouped by node."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "app.close_ladder", "Back", key_display="esc"),
        Binding("tab", "app.focus_next", "Pane"),
    ]

    def __init__(self, analysis: Analysis, ladder: Ladder, crumb: str, below: str) -> None:
        super().__init__(analysis, crumb)
        self._ladder = ladder
        self._below = below

    @property
    def current_view(self) -> str:
        """The screen this ladder was opened from."""
        return self._below

    def panes(self) -> Iterator[Widget]:
        """Title, ladder and the pane of the chosen step."""
        yield Static(title(self._ladder), id="title")
        yield Container(LadderList(self._ladder, id="ladder"), Pane(id="detail"), id="split")

    def on_mount(self) -> None:
        """Put the cursor on the first sighting."""
        steps = self.query_one(LadderList)
        steps.border_title = "Path"
        steps.focus()
        steps.action_first()

    @on(LadderList.Chosen)
    def _chosen(self, message: LadderList.Chosen) -> None:
        pane = self.query_one("#detail", Pane)
        pane.show(step_pane(message.step, message.before, self.analysis.cluster), "This sighting")


def title(ladder: Ladder) -> Text:
    """Return what this path is and how it ended."""
    text = Text(printable(ladder.title, 160), style="bold")
    text.append(f"\n{printable(ladder.subtitle, 200)}\n", style=f"not bold {SOFT}")
    text.append(ladder.outcome.value, style=OUTCOME[ladder.outcome])
    if ladder.reason:
        text.append(f": {printable(ladder.reason, 300)}", style="not bold")
    return text
