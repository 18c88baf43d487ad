from __future__ import annotations

from dataclasses import replace

from tui.app import InvestigationApp


async def test_each_request_tells_source_kind_backend_and_gateway_time(sample, size, shown):
    app = InvestigationApp(sample.s8())
    async with app.run_test(size=size) as pilot:
        await pilot.press("2")
        await pilot.pause()
        first = shown(app).splitlines()[3]
        for words in ("01:35:21", "GET", "200", "ingress", "fz7qd", "423 µs"):
            assert words in first


async def test_enter_opens_the_ladder_over_both_legs(sample, size, shown):
    app = InvestigationApp(sample.s8())
    async with app.run_test(size=size) as pilot:
        await pilot.press("2", "enter")
        await pilot.pause()
        text = shown(app)
        assert "→ client leg, request way" in text
        assert "→ backend leg, request way" in text
        assert "GET 192.168.10.212/" in text


async def test_a_request_without_packets_says_why_there_is_no_ladder(sample, until):
    app = InvestigationApp(replace(sample.s8(), paths=()))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.press("2", "enter")
        await until(lambda: len(app.screen.query("Toast")) == 1)
        toast = app.screen.query_one("Toast")
        assert "so there is no ladder" in " ".join(str(toast.render()).split())


async def test_no_request_says_what_to_try(sample, size, shown):
    app = InvestigationApp(sample.s1())
    async with app.run_test(size=size) as pilot:
        await pilot.press("2")
        await pilot.pause()
        assert "No HTTP request was found in clear text, neither HTTP/1 nor HTTP/2." in shown(app)
        assert "captools capture --role pods" in shown(app)
