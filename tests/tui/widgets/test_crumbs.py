from __future__ import annotations

from tui.widgets.crumbs import crumbs


def test_the_current_screen_is_marked_and_what_is_deeper_follows():
    line = crumbs("s8", ("Overview", "Requests"), "Requests", "GET /")
    assert line.plain == " captools s8  1 Overview  2 Requests  › GET /"
    marked = [line.plain[span.start : span.end] for span in line.spans if "reverse" in str(span.style)]
    assert marked == [" 2 Requests "]


def test_a_hostile_session_name_is_harmless_and_short():
    line = crumbs("\x1b]0;x\x07" + "y" * 90, ("Overview",), "Overview", "")
    assert "\x1b" not in line.plain
    assert len(line.plain) < 60
