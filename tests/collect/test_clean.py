"""Words from elsewhere, made safe."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from captools.collect.clean import clean, last_line


@given(st.text(max_size=500))
def test_nothing_that_moves_a_cursor_or_breaks_a_line_survives(text):
    shown = clean(text)
    assert len(shown) <= 300 and not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in shown)
    assert not any(char in shown for char in "\u202e\u2028\u2066")


def test_half_a_character_is_left_out_so_that_every_stream_takes_the_rest():
    assert clean("node \ud800 says\udcff no").encode() == b"node says no"


def test_ordinary_words_stay_as_they_are_and_long_ones_end_in_an_ellipsis():
    assert clean("tcpdump: eth1: größer\n") == "tcpdump: eth1: größer"
    assert clean("x" * 400, 10) == "xxxxxxxxx…"
    assert last_line("first\n\x1b[1msecond\n\n") == "[1msecond" and last_line("") == ""
