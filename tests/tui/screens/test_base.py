from __future__ import annotations

from tui.app import InvestigationApp


async def test_every_screen_names_the_session_and_its_keys(sample, size, shown):
    app = InvestigationApp(sample.s8())
    async with app.run_test(size=size) as pilot:
        for key in ("1", "2", "3"):
            await pilot.press(key)
            await pilot.pause()
            lines = shown(app).splitlines()
            assert "s8-ingress-dedicated-snat" in lines[0]
            assert all(word in lines[-1] for word in ("? Help", "q Quit", "1 Overview", "2 Requests", "3 Paths"))


async def test_panes_stand_side_by_side_where_there_is_room(sample):
    for width, wide in ((109, False), (110, True)):
        app = InvestigationApp(sample.s1())
        async with app.run_test(size=(width, 40)) as pilot:
            await pilot.pause()
            findings, detail = app.screen.query_one("#findings"), app.screen.query_one("#detail")
            assert (detail.region.x > findings.region.right - 1) is wide
