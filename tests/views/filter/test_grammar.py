"""The grammar: what binds closer, and that no size or depth of text ends in anything but a tree or a sentence."""

from __future__ import annotations

import pytest

from captools.views.filter.errors import FilterError
from captools.views.filter.grammar import MAX_DEPTH, MAX_LETTERS, parse
from captools.views.filter.tree import (
    Call,
    Compare,
    Exists,
    Many,
    Masked,
    Not,
    Operand,
    Part,
    Quantifier,
    Reckoned,
    Relation,
    Span,
    Within,
    Word,
)


def test_and_binds_closer_than_xor_and_that_closer_than_or():
    tree = parse("a or b xor c and d")
    assert isinstance(tree, Many) and tree.word == "or"
    assert isinstance(tree.parts[1], Many) and tree.parts[1].word == "xor"
    assert isinstance(tree.parts[1].parts[1], Many) and tree.parts[1].parts[1].word == "and"


def test_not_covers_one_condition_and_two_of_them_cancel():
    tree = parse("not a == 1 and b")
    assert isinstance(tree, Many) and isinstance(tree.parts[0], Not) and isinstance(tree.parts[1], Exists)
    assert isinstance(parse("!!a"), Exists) and isinstance(parse("not not not a"), Not)


@pytest.mark.parametrize(
    ("sign", "relation", "quantifier"),
    [("==", Relation.EQ, None), ("eq", Relation.EQ, None), ("===", Relation.EQ, Quantifier.ALL),
     ("!=", Relation.NE, None), ("!==", Relation.NE, Quantifier.ANY), ("any_ne", Relation.NE, Quantifier.ANY),
     ("all_eq", Relation.EQ, Quantifier.ALL), ("le", Relation.LE, None), (">", Relation.GT, None),
     ("~", Relation.MATCHES, None), ("contains", Relation.CONTAINS, None)],
)  # fmt: skip
def test_every_sign_has_its_word(sign, relation, quantifier):
    tree = parse(f"a {sign} b")
    assert isinstance(tree, Compare) and (tree.relation, tree.quantifier) == (relation, quantifier)


def test_signs_need_no_spaces_and_values_keep_theirs():
    tree = parse("a==10.0.0.0/8&&!b")
    assert isinstance(tree, Many) and isinstance(tree.parts[0], Compare)
    assert tree.parts[0].right == Word(at=3, text="10.0.0.0/8")


def test_layers_and_parts_belong_to_their_word():
    tree = parse("ip.src#[1,-2][0:2] == x")
    assert isinstance(tree, Compare) and isinstance(tree.left, Part) and isinstance(tree.left.inner, Word)
    assert tree.left.inner.layers == (Span(first=1, last=1), Span(first=-2, last=-2))
    assert tree.left.spans == (Span(first=0, last=1),)


@pytest.mark.parametrize(
    ("text", "reads"),
    [("a == b + c * d", "(b + (c * d))"), ("a == b - c - d", "((b - c) - d)"), ("a == {b - c} * d", "((b - c) * d)"),
     ("a == b & c + d", "(b & (c + d))"), ("a == b -1", "(b - 1)"), ("a == -b", "(0 - b)"), ("a == - b", "(0 - b)"),
     ("a == -1", "-1"), ("a == +b", "b"), ("a == b bitwise_and 1", "(b & 1)"), ("a == 10.0.0.0/8", "10.0.0.0/8"),
     ("a == f(b, c)[0]", "f")],
)  # fmt: skip
def test_products_bind_closer_than_sums_and_those_closer_than_bits(text, reads):
    tree = parse(text)
    assert isinstance(tree, Compare) and spoken(tree.right) == reads


def spoken(operand: Operand) -> str:
    if isinstance(operand, Reckoned):
        return f"({spoken(operand.left)} {operand.sign} {spoken(operand.right)})"
    if isinstance(operand, Masked):
        return f"({spoken(operand.inner)} & {spoken(operand.bits)})"
    if isinstance(operand, Part):
        return spoken(operand.inner)
    return operand.name if isinstance(operand, Call) else operand.text


def test_a_set_may_hold_ranges_that_touch_their_dots():
    tree = parse("a in {1..2, fe80::1..fe80::9,3}")
    assert isinstance(tree, Within) and not tree.negated
    assert [(m.low.text, m.high and m.high.text) for m in tree.members] == [  # type: ignore[union-attr]
        ("1", "2"), ("fe80::1", "fe80::9"), ("3", None),
    ]  # fmt: skip


def test_words_of_the_language_inside_names_are_names():
    tree = parse("android or inner or allow")
    assert isinstance(tree, Many) and len(tree.parts) == 3


@pytest.mark.parametrize("text", ["(" * (MAX_DEPTH + 1), "(" * 5_000 + "a" + ")" * 5_000, "a" * (MAX_LETTERS + 1)])
def test_too_deep_or_too_long_is_a_sentence(text):
    with pytest.raises(FilterError):
        parse(text)


def test_brackets_in_quotes_are_no_depth():
    assert parse(f'a == "{"(" * 500}"') is not None


def test_thousands_of_conditions_are_one_list():
    tree = parse(" or ".join(f"a == {at}" for at in range(3_000)))
    assert isinstance(tree, Many) and len(tree.parts) == 3_000
    tree = parse("!" * 3_001 + "a")
    assert isinstance(tree, Not) and isinstance(tree.inner, Exists)


@pytest.mark.parametrize("text", ["a b", "a ==", "and a", "a and", "(a", "a)", "a in {}", "a in {1 2}", "a in {1,}",
                                  "any a", "a == b == c", "a == \"", "a $ b", "a[", "a[x]", "a#x", "a#[]", "= 1",
                                  "a = 1", "tcp AND udp", "\udcff"])  # fmt: skip
def test_what_is_no_filter_is_a_sentence_with_a_column_inside_the_text(text):
    with pytest.raises(FilterError) as failed:
        parse(text)
    assert 1 <= failed.value.column <= len(text) + 1
