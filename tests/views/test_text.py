"""Text for terminals and pipes: aligned, and never a control character from a capture."""

from __future__ import annotations

import doctest
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.views import text
from captools.views.text import json_text, safe, table

# What a terminal or a reader's eye may take for an order: ESC, C1 controls, DEL, bidi and zero-width characters.
HOSTILE = ["\x1b[2J", "\x9b31m", "\x7f", "\u202e", "\u200b", "\r", "\n", "\0", "\u2028", "\udcff", "\U000e0001"]


def test_the_examples_in_the_docstrings_hold():
    result = doctest.testmod(text)
    assert (result.attempted > 0, result.failed) == (True, 0)


@pytest.mark.parametrize("nasty", HOSTILE, ids=ascii)
def test_what_could_drive_a_terminal_comes_out_visible(nasty):
    shown = safe(f"a{nasty}b")
    assert shown.isprintable() and shown.startswith("a\\") and shown.endswith("b")


@pytest.mark.parametrize("plain", ["k8s-w1/eth1", "Grüße", "名前", "±3.40 µs", "…", "e\u0301"])
def test_ordinary_letters_of_any_script_stay(plain):
    assert safe(plain) == plain and json.loads(json_text(plain)) == plain and plain in json_text(plain)


def test_a_long_cell_is_cut_at_its_end():
    assert safe("x" * 100, 10) == "x" * 9 + "…" and safe("x" * 10, 10) == "x" * 10


def test_what_is_not_text_is_shown_as_text():
    assert (safe(200), safe(None)) == ("200", "None")


@pytest.mark.parametrize("nasty", HOSTILE, ids=ascii)
def test_json_escapes_what_could_drive_a_terminal_and_loses_nothing(nasty):
    value = {nasty: [f"a{nasty}b", 1, None]}
    shown = json_text(value)
    assert shown.isprintable() and json.loads(shown) == value


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_any_value_comes_back_from_json_text_as_it_was(value):
    assert json.loads(json_text(value, indent=2)) == value
    shown = json_text(value, indent=2).replace("\n", "")
    assert {unicodedata.category(char) for char in shown}.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def test_columns_line_up_under_their_names():
    assert table(("point", "packets"), [("k8s-w1/eth1", 3), ("r/e", 12_345)]) == (
        "POINT        PACKETS\nk8s-w1/eth1  3\nr/e          12345"
    )


def test_what_is_missing_is_a_dash_and_zero_is_zero():
    assert table(("a", "b", "c"), [(None, "", 0)]).splitlines()[1] == "-  -  0"


def test_a_table_without_rows_is_its_header():
    assert table(("a", "bb"), []) == "A  BB"


def test_a_newline_in_a_cell_cannot_fake_a_row():
    assert len(table(("a",), [("x\nERROR faked",)]).splitlines()) == 2
