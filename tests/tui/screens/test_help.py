from __future__ import annotations

import pytest

from tui.app import InvestigationApp
from tui.screens.help import keys_of


@pytest.mark.parametrize("close", ["escape", "question_mark", "q"])
async def test_a_question_mark_shows_the_keys_and_any_of_three_closes_them(sample, size, shown, close):
    app = InvestigationApp(sample.s8())
    async with app.run_test(size=size) as pilot:
        await pilot.press("2", "question_mark")
        await pilot.pause()
        assert "Keys: Requests" in shown(app)
        await pilot.press(close)
        await pilot.pause()
        assert "Keys: Requests" not in shown(app)
        assert "Requests 4" in shown(app)


def test_a_screen_lists_its_own_keys_before_those_of_all():
    assert keys_of("Requests").plain.startswith("enter")
    assert "filter" not in keys_of("Overview").plain
    assert "in WireGuard" in keys_of("Ladder").plain
