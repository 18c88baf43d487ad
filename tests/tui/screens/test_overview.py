from __future__ import annotations

from dataclasses import replace

from tui.app import InvestigationApp


async def test_the_first_paint_says_whether_something_is_wrong_and_where(sample, size, shown):
    app = InvestigationApp(sample.s1())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        text = shown(app)
        assert "Something is broken: Packets from 172.20.0.88 to 172.20.2.33 enter" in text
        assert "1,886 packets, 7 points, 4 nodes, 37 dropped" in text
        assert "routing-black-hole" in text
        assert "Points 7" in text


async def test_the_detail_follows_the_chosen_finding(sample, size, shown):
    app = InvestigationApp(sample.s1())
    async with app.run_test(size=size) as pilot:
        await pilot.press("j")
        await pilot.pause()
        assert "Capture again with --buffer 512MiB." in shown(app)


async def test_tab_leads_to_the_points_and_their_drops(sample, size, shown):
    app = InvestigationApp(sample.s1())
    async with app.run_test(size=size) as pilot:
        await pilot.press("tab", "G")
        await pilot.pause()
        assert "k8s-w1/eth1" in shown(app)
        row = next(line for line in shown(app).splitlines() if "k8s-w1/eth1 " in line and "1,200" in line)
        assert "37" in row


async def test_an_empty_session_says_what_to_do(sample, size, shown):
    app = InvestigationApp(sample.analysis())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        text = shown(app)
        assert "No packet was captured, so nothing can be said." in text
        assert "No rule had anything to say." in text
        assert "No capture was opened." in text


async def test_warnings_of_reading_are_in_sight(sample, shown):
    app = InvestigationApp(replace(sample.s8(), warnings=("x.pcap: ends inside record 4", "y")))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "x.pcap: ends inside record 4 (and 1 more)" in shown(app)
