"""A ladder as a list to walk through: headings for packets and nodes, one line per sighting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from captools.model.paths import Way
from captools.views.ladder import Ladder, Step, Strand
from captools.views.printable import printable
from tui.cells import OUTCOME
from tui.ladder_cells import node_line, step_line


class LadderList(OptionList):
    """Headings cannot be chosen; a sighting under the cursor is told by ``Chosen``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("g", "first", "Top", show=False),
        Binding("G", "last", "Bottom", show=False),
        Binding("ctrl+d", "page_down", "Page down", show=False),
        Binding("ctrl+u", "page_up", "Page up", show=False),
    ]

    class Chosen(Message):
        """The cursor is on this step, which came from ``before``."""

        def __init__(self, step: Step, before: Step | None) -> None:
            super().__init__()
            self.step = step
            self.before = before

    def __init__(self, ladder: Ladder, id: str) -> None:
        self._ladder = ladder
        super().__init__(*ladder_options(ladder), id=id)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Translate the option's id back into the step it stands for."""
        event.stop()
        if event.option_id is None:
            return
        strand, place = (int(part) for part in event.option_id.split("-"))
        steps = self._ladder.strands[strand].steps
        self.post_message(self.Chosen(steps[place], steps[place - 1] if place else None))


def ladder_options(ladder: Ladder) -> Iterator[Option]:
    """Return the lines of the list; a step's id is ``STRAND-PLACE``, headings have none."""
    last = [strand for strand in ladder.strands if strand.way is Way.FORWARD][-1:]
    for number, strand in enumerate(ladder.strands):
        yield Option(_heading(strand), disabled=True)
        node: str | None = None
        for place, step in enumerate(strand.steps):
            lane = ladder.lanes[step.lane]
            if lane.node != node:
                node = lane.node
                yield Option(node_line(node), disabled=True)
            yield Option(step_line(step, lane.interface), id=f"{number}-{place}")
        if ladder.lost_at is not None and strand in last:
            point = printable(ladder.lanes[ladder.lost_at].point, 50)
            gone = Text(f"  ✕ never seen again after {point}", style=OUTCOME[ladder.outcome], no_wrap=True)
            yield Option(gone, disabled=True)


def _heading(strand: Strand) -> Text:
    mark = "→" if strand.way is Way.FORWARD else "←"
    line = Text(f"{mark} {printable(strand.title, 40)}", style="bold underline", no_wrap=True)
    if strand.note:
        line.append(f"  {printable(strand.note, 160)}", style="not bold not underline dim")
    return line
