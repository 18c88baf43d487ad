from __future__ import annotations

import re

import pytest

from captools.registry import additions
from captools.report import sections
from captools.report.document import SectionRule
from captools.report.render import render
from captools.report.renderers.markdown import code, frames, line, text


def _cells(row: str) -> int:
    """Count a row's cells as GitHub does: a pipe behind a backslash ends none."""
    return len(re.split(r"(?<!\\)(?:\\\\)*\|", row)) - 2


@pytest.mark.parametrize("name", ["s1", "s2", "s8", "s13", "hostile", "analysis"])
def test_every_row_of_a_table_has_as_many_cells_as_its_head(sample, name):
    markdown = render(getattr(sample, name)(), "md", additions(sections, "SECTION", SectionRule))
    width = 0
    rows = 0
    for row in markdown.splitlines():
        if row.startswith("|"):
            width = width or _cells(row)
            assert _cells(row) == width, row
            rows += 1
        else:
            width = 0
    assert rows > 5


@pytest.mark.parametrize(
    ("raw", "escaped"),
    [
        ("a_b*c", r"a\_b\*c"),
        ("<script>", r"\<script\>"),
        ("[x](y)", r"\[x\](y)"),
        ("a|b", r"a\|b"),
        ("\x1b[31m", r"\\e\[31m"),
        ("user@host #1 &amp;", r"user\@host \#1 \&amp;"),
    ],
)
def test_nothing_in_text_is_read_as_markup(raw: str, escaped: str):
    assert text(raw) == escaped


@pytest.mark.parametrize(
    ("raw", "escaped"),
    [("- item", r"\- item"), ("1. item", r"1\. item"), ("===", r"\==="), ("172.20.0.88 asks", "172.20.0.88 asks")],
)
def test_a_line_does_not_begin_a_list_or_a_heading(raw: str, escaped: str):
    assert line(raw) == escaped


@pytest.mark.parametrize(
    ("raw", "fenced"),
    [("tcp || udp", r"`tcp \|\| udp`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("", "-"), ("\\|", r"\\\|")],
)
def test_code_cannot_be_left_and_does_not_break_a_table(raw: str, fenced: str):
    assert code(raw) == fenced


def test_long_lists_of_frames_are_counted():
    assert frames((1, 2, 3)) == "1, 2, 3"
    assert frames(tuple(range(1, 15)), most=2) == "1, 2 and 12 more"
    assert frames(()) == "-"


def test_a_ladder_is_a_table_of_steps(sample):
    markdown = render(sample.s1(), "md", additions(sections, "SECTION", SectionRule))
    assert "| `router/eth0` | out | 306 µs | 16.0 µs | routed |" in markdown
    assert "**lost** after router/eth0: left router/eth0 towards 10.0.2.2" in markdown
