from __future__ import annotations

from tui.app import InvestigationApp


async def test_slash_filters_enter_keeps_and_esc_clears(sample, size, shown):
    app = InvestigationApp(sample.s8())
    async with app.run_test(size=size) as pilot:
        await pilot.press("2", "slash", *"403", "enter")
        await pilot.pause()
        assert "Requests 1 of 4" in shown(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "Requests 4" in shown(app)


async def test_the_detail_follows_the_cursor(sample, size, shown):
    app = InvestigationApp(sample.s8())
    async with app.run_test(size=size) as pilot:
        await pilot.press("2", "j")
        await pilot.pause()
        assert "from 10.0.2.15 (node" in shown(app)


async def test_columns_follow_the_width_of_the_terminal(sample, shown):
    app = InvestigationApp(sample.s8())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2", "j")
        await pilot.pause()
        assert "proxy " not in shown(app).splitlines()[2]
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert "proxy " in shown(app).splitlines()[2]
        assert app.screen.query_one("#rows").current == 1, "the cursor stays where it was"
