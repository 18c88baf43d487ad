from __future__ import annotations

from textual.app import App, ComposeResult

from tui.widgets.filter_bar import FilterBar


class _App(App[None]):
    left = 0

    def compose(self) -> ComposeResult:
        yield FilterBar()

    def on_filter_bar_left(self) -> None:
        self.left += 1


async def test_enter_keeps_the_words_in_sight_and_gives_the_keys_back():
    app = _App()
    async with app.run_test() as pilot:
        bar = app.query_one(FilterBar)
        assert not bar.display
        bar.open()
        await pilot.press("a", "b", "enter")
        await pilot.pause()
        assert (bar.value, bar.display, app.left) == ("ab", True, 1)


async def test_esc_clears_and_hides():
    app = _App()
    async with app.run_test() as pilot:
        bar = app.query_one(FilterBar)
        bar.open()
        await pilot.press("a", "escape")
        await pilot.pause()
        assert (bar.value, bar.display, app.left) == ("", False, 1)
