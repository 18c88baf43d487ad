from __future__ import annotations

from pathlib import Path

from textual.app import App

import tui
from tui.screens.loading import LoadingScreen


class _App(App[None]):
    CSS_PATH = Path(tui.__file__).parent / "app.tcss"

    def on_mount(self) -> None:
        self.push_screen(LoadingScreen("Reading x\x1b[2J …"))


async def test_it_says_what_is_read_and_what_failed(shown):
    app = _App()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "Reading x\\e[2J …" in shown(app)
        screen = app.screen
        assert isinstance(screen, LoadingScreen)
        screen.fail("x.pcap: empty; capture again")
        await pilot.pause()
        assert "x.pcap: empty; capture again" in shown(app)
        assert "Press q to leave." in shown(app)
