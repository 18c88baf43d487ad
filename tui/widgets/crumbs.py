"""The line at the top: which session, which screens there are, where we are."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from captools.views.printable import printable


class Crumbs(Static):
    """``captools SESSION   1 Overview  2 Requests  3 Paths``, the current one highlighted, deeper ones behind it."""

    def __init__(self, session: str, screens: tuple[str, ...], current: str, deeper: str = "") -> None:
        super().__init__(crumbs(session, screens, current, deeper))


def crumbs(session: str, screens: tuple[str, ...], current: str, deeper: str) -> Text:
    """Return the line."""
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(" captools ", style="bold")
    line.append(f"{printable(session, 28)} ", style="dim")
    for key, name in enumerate(screens, start=1):
        line.append(f" {key} {name} ", style="reverse bold" if name == current else "")
    if deeper:
        line.append(f" › {printable(deeper, 60)}", style="bold")
    return line
