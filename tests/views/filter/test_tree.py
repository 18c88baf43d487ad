"""The tree's values are plain and can be compared."""

from __future__ import annotations

from captools.views.filter.grammar import parse
from captools.views.filter.tree import Quantifier, Relation, Span, Word, words


def test_two_parts_of_the_same_content_are_one():
    assert Word(at=0, text="a", layers=(Span(first=0, last=1),)) == Word(
        at=0, text="a", layers=(Span(first=0, last=1),)
    )
    assert (Relation("!="), Quantifier("all")) == (Relation.NE, Quantifier.ALL)


def test_every_word_of_a_filter_is_found_wherever_it_stands():
    tree = parse('a.b and !(max(c.d, k)[0] == 1 or e & 2) xor f in {g, h..i, "j"}')
    assert tree is not None
    assert sorted(word.text for word in words(tree)) == ["1", "2", "a.b", "c.d", "e", "f", "g", "h", "i", "k"]
