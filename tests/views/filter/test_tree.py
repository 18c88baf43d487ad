"""The tree's values are plain and can be compared."""

from __future__ import annotations

from captools.views.filter.tree import Quantifier, Relation, Span, Word


def test_two_parts_of_the_same_content_are_one():
    assert Word(at=0, text="a", part=(Span(first=0, last=1),)) == Word(at=0, text="a", part=(Span(first=0, last=1),))
    assert (Relation("!="), Quantifier("all")) == (Relation.NE, Quantifier.ALL)
