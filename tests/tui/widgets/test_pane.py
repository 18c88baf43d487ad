from __future__ import annotations

from rich.text import Text
from textual.app import App, ComposeResult

from tui.widgets.pane import Pane


class _App(App[None]):
    def compose(self) -> ComposeResult:
        self.animation_level = "none"
        yield Pane()


async def test_a_new_text_is_shown_from_its_beginning(shown, until):
    app = _App()
    async with app.run_test(size=(40, 10)) as pilot:
        pane = app.query_one(Pane)
        pane.show(Text("\n".join(f"line {number}" for number in range(50))))
        pane.focus()
        await pilot.pause()
        await pilot.press("G")
        await until(lambda: "line 49" in shown(app))
        pane.show(Text("\n".join(f"other {number}" for number in range(50))))
        await until(lambda: "other 0" in shown(app))
