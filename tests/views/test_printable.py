from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.views.printable import MAX_MARKS, printable, shorten


def test_escape_codes_become_letters():
    assert printable("\x1b[31mred\x9b2J") == "\\e[31mred\\x9b2J"


def test_bidirectional_and_zero_width_characters_become_letters():
    assert printable("a\u202eb\u2066c\u200bd\ufeff") == "a\\u202eb\\u2066c\\u200bd\\ufeff"


def test_a_line_break_cannot_leave_its_line():
    assert printable("a\r\nb\u2028c\x85") == "a\\r\\nb\\u2028c\\x85"


def test_a_lone_surrogate_can_be_written_to_a_file():
    assert printable("a\udc80").encode() == b"a\\udc80"


def test_words_of_any_language_stay_as_they_are():
    assert printable("파드 – größe 🙂") == "파드 – größe 🙂"


def test_a_pile_of_combining_marks_is_cut_off():
    assert printable("e" + "\u0301" * 5) == "e" + "\u0301" * MAX_MARKS + "\\u0301" * 3


@pytest.mark.parametrize(("text", "limit", "short"), [("abcdef", 6, "abcdef"), ("abcdef", 5, "ab…ef"), ("abc", 1, "…")])
def test_long_text_keeps_both_its_ends(text: str, limit: int, short: str):
    assert shorten(text, limit) == short


@given(st.text(), st.integers(2, 40))
def test_whatever_comes_in_is_short_and_safe(text: str, limit: int):
    result = printable(text, limit)
    assert len(result) <= limit
    assert not any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in result)
