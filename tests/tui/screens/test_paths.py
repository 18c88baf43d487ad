from __future__ import annotations

from tui.app import InvestigationApp


async def test_each_flow_tells_its_outcome(sample, size, shown):
    app = InvestigationApp(sample.s1())
    async with app.run_test(size=size) as pilot:
        await pilot.press("3")
        await pilot.pause()
        rows = shown(app).splitlines()[3:5]
        assert "172.20.0.88:41794 -> 172.20.2.33:80 tcp" in rows[0]
        assert "lost" in rows[0]
        assert "delivered" in rows[1]


async def test_a_pod_name_finds_its_flows(sample, size, shown):
    app = InvestigationApp(sample.s1())
    async with app.run_test(size=size) as pilot:
        await pilot.press("3", "slash", *"fz7qd", "enter")
        await pilot.pause()
        assert "Flows 1 of 2" in shown(app)


async def test_no_flow_says_what_to_try(sample, size, shown):
    app = InvestigationApp(sample.analysis())
    async with app.run_test(size=size) as pilot:
        await pilot.press("3")
        await pilot.pause()
        assert "No flow could be followed." in shown(app)
