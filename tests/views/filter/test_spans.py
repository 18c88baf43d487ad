"""Slices and layer choices in brackets."""

from __future__ import annotations

import pytest

from captools.views.filter.spans import BadSpan, spans
from captools.views.filter.tree import Span


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [("[0:3]", 0, 2), ("[0-2]", 0, 2), ("[2]", 2, 2), ("[:3]", 0, 2), ("[1:]", 1, None), ("[-1]", -1, -1),
     ("[-2:]", -2, None), ("[-3:2]", -3, -2), ("[-3--2]", -3, -2), ("[-2:5]", -2, None)],
)  # fmt: skip
def test_offset_and_length_or_both_ends(text, first, last):
    assert spans(text, 0) == (Span(first=first, last=last),)


def test_a_list_keeps_its_order():
    assert spans("[3, 0:2]", 0) == (Span(first=3, last=3), Span(first=0, last=1))


def test_layers_begin_with_one():
    assert spans("[:2]", 0, first=1) == (Span(first=1, last=2),)


@pytest.mark.parametrize("text", ["[]", "[x]", "[1:0]", "[1:-1]", "[3-1]", "[1-]", "[:]", "[,]", "[1.5]", "[9999999]"])
def test_anything_else_names_itself_and_its_place(text):
    with pytest.raises(BadSpan, match="is no range") as failed:
        spans(text, 7)
    assert failed.value.at == 7
