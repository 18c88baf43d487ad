from __future__ import annotations

from textual.app import App, ComposeResult

from tui.cells import cell
from tui.widgets.records import Record, Records


class _App(App[None]):
    def compose(self) -> ComposeResult:
        yield Records(empty="Nothing is here. Try harder.", id="rows")

    @property
    def rows(self) -> Records:
        return self.query_one(Records)

    def on_mount(self) -> None:
        names = ("alpha", "beta", "gamma")
        self.rows.show(("name",), [Record(cells=(cell(name),), words=f"{name} Node-{name[0]}") for name in names])


async def test_the_keys_of_vim_move_the_cursor():
    app = _App()
    async with app.run_test() as pilot:
        app.rows.table.focus()
        for key, current in (("j", 1), ("k", 0), ("G", 2), ("g", 0)):
            await pilot.press(key)
            await pilot.pause()
            assert app.rows.current == current


async def test_a_filter_keeps_rows_that_hold_every_word_in_any_case():
    app = _App()
    async with app.run_test() as pilot:
        app.rows.narrow("ETA node-b")
        await pilot.pause()
        assert (app.rows.table.row_count, app.rows.current, app.rows.counted) == (1, 1, "1 of 3")
        app.rows.narrow("")
        await pilot.pause()
        assert (app.rows.table.row_count, app.rows.current, app.rows.counted) == (3, 1, "3")


async def test_no_match_says_how_to_get_the_rows_back(shown):
    app = _App()
    async with app.run_test() as pilot:
        app.rows.narrow("zeta")
        await pilot.pause()
        assert "Nothing matches “zeta”. Press esc" in shown(app)
        assert app.rows.current is None


async def test_no_records_show_the_empty_state(shown):
    app = _App()
    async with app.run_test() as pilot:
        app.rows.show(("name",), [])
        await pilot.pause()
        assert "Nothing is here. Try harder." in shown(app)
