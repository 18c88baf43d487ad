from __future__ import annotations

import threading

from captools.model.analysis import Analysis
from captools.model.errors import MalformedCapture
from tui.app import InvestigationApp
from tui.screens.overview import OverviewScreen


async def test_numbers_go_from_screen_to_screen(sample, size, shown):
    app = InvestigationApp(sample.s8())
    async with app.run_test(size=size) as pilot:
        for key, words in (("2", "Requests 4"), ("3", "Flows 2"), ("1", "Findings 2")):
            await pilot.press(key)
            await pilot.pause()
            assert words in shown(app)


async def test_from_the_start_to_the_answer_in_four_keys(sample, size, shown):
    """S1: why does curl-pod get no answer from webpod on k8s-w0?"""
    app = InvestigationApp(sample.s1())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert "the router has no route for 172.20.2.0/24" in " ".join(shown(app).split())
        await pilot.press("3", "enter")
        await pilot.pause()
        assert "never seen again after router/eth0" in shown(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "Flows 2" in shown(app)


async def test_a_number_closes_the_ladder_and_goes_to_its_screen(sample, shown):
    app = InvestigationApp(sample.s2())
    async with app.run_test() as pilot:
        await pilot.press("3", "enter", "1")
        await pilot.pause()
        assert isinstance(app.screen, OverviewScreen)
        assert "Findings 1" in shown(app)


async def test_q_quits_with_success(sample):
    app = InvestigationApp(sample.s1())
    async with app.run_test() as pilot:
        await pilot.press("q")
    assert app.return_code == 0


async def test_a_slow_source_shows_that_it_is_being_read_and_then_its_overview(sample, shown):
    go = threading.Event()

    def load() -> Analysis:
        assert go.wait(20)
        return sample.s1()  # type: ignore[no-any-return]

    app = InvestigationApp(load, "Reading session-7 …")
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "Reading session-7" in shown(app)
        assert "2 Requests" not in shown(app), "there is nothing to go to yet"
        go.set()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "Findings 2" in shown(app)


async def test_a_source_that_cannot_be_read_is_one_sentence_and_an_exit_code(shown):
    def load() -> Analysis:
        raise MalformedCapture("x\x1b[2J.pcap: 3 bytes are no capture file", hint="capture again")

    app = InvestigationApp(load)
    async with app.run_test() as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "x\\e[2J.pcap: 3 bytes are no capture file; capture again" in shown(app)
        await pilot.press("q")
    assert app.return_code == 3


async def test_nothing_of_a_hostile_capture_reaches_the_terminal_as_a_command(sample, size, shown):
    app = InvestigationApp(sample.hostile())
    async with app.run_test(size=size) as pilot:
        for keys in (("1",), ("2",), ("enter",), ("escape", "3"), ("enter",)):
            await pilot.press(*keys)
            await pilot.pause()
            text = shown(app)
            assert not {"\x1b", "\x9b", "\u202e"} & set(text)
            assert "\\e[31m" in text, "the name is shown, made harmless"
