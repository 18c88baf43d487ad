"""From the text of a display filter to a mask over the packet table.

What a comparison means for a field that a packet holds several times (the addresses of a tunnel's outer and inner
header) is what Wireshark 4.0 says: ``==``, ``<`` and the like hold if they hold for any of them, ``!=`` only if it
holds for all; ``any`` and ``all`` before a comparison choose. A packet without the field passes neither.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.views.filter.compare import (
    exists,
    judge,
    judge_pairs,
    relation_test,
    set_test,
    some_bit,
)
from captools.views.filter.errors import ASK_TSHARK, FilterError
from captools.views.filter.fields import FIELDS
from captools.views.filter.grammar import parse
from captools.views.filter.kinds import Kind, comparable
from captools.views.filter.layers import Mask
from captools.views.filter.literals import NotKept, Value, value_of
from captools.views.filter.operands import constant, is_field, seen, side_of
from captools.views.filter.rows import Rows
from captools.views.filter.sides import Side
from captools.views.filter.tables import Tables
from captools.views.filter.tree import (
    Compare,
    Exists,
    Many,
    Node,
    Not,
    Operand,
    Quantifier,
    Quoted,
    Reckoned,
    Relation,
    Within,
    Word,
    words,
)

Judge = Callable[[Rows], Mask]
_SEARCH = (Relation.CONTAINS, Relation.MATCHES)
_EQUALITY = (Relation.EQ, Relation.NE)


@dataclass(frozen=True, slots=True)
class Filter:
    """A display filter that was understood."""

    text: str
    tables: frozenset[str]  # the tables of payloads that it asks: http, tls, dns
    _judge: Judge

    def mask(self, tables: Tables) -> pa.BooleanArray:
        """Tell for each row of the packets whether it passes; no row is null."""
        return pa.array(self._judge(Rows(tables)), pa.bool_())


def compile_filter(text: str) -> Filter:
    """Understand a display filter in Wireshark's syntax; the empty one lets everything pass.

    Raises FilterError (a UsageError with a column): one sentence with the place, and what to try.
    """
    tree = parse(text)
    if tree is None:
        return Filter(text, frozenset(), _all)
    asked = frozenset(FIELDS[word.text].table for word in words(tree) if word.text in FIELDS)
    return Filter(text, asked - {""}, _Compiler(text).node(tree))


def _all(rows: Rows) -> Mask:
    return np.ones(len(rows), np.bool_)


@dataclass(frozen=True, slots=True)
class _Compiler:
    text: str

    def node(self, node: Node) -> Judge:
        """Return the judge of one part of the tree."""
        if isinstance(node, Many):
            return self._many(node)
        if isinstance(node, Not):
            inner = self.node(node.inner)
            return lambda rows: ~inner(rows)
        if isinstance(node, Exists):
            return self._exists(node)
        if isinstance(node, Within):
            return self._within(node)
        return self._compare(node)

    def _many(self, node: Many) -> Judge:
        join = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}[node.word]
        parts = [self.node(one) for one in node.parts]

        def judged(rows: Rows) -> Mask:
            found = parts[0](rows)
            for part in parts[1:]:
                found = join(found, part(rows))
            return found

        return judged

    def _exists(self, node: Exists) -> Judge:
        side = side_of(self.text, node.operand)
        if side.computed:
            raise FilterError(self.text, side.at, "a result is always there", hint="compare it: … == VALUE")
        if side.masked:
            return lambda rows: some_bit(rows, seen(side, side.lanes(rows)))
        return lambda rows: exists(rows, side.lanes(rows))

    def _compare(self, node: Compare) -> Judge:
        left = side_of(self.text, node.left)
        self._check_relation(node, left)
        quantifier = node.quantifier or (Quantifier.ALL if node.relation is Relation.NE else Quantifier.ANY)
        if is_field(node.right):
            right = side_of(self.text, node.right)
            self._check_pair(node, left, right)
            return lambda rows: judge_pairs(rows, left.lanes(rows), right.lanes(rows), node.relation, quantifier)
        value = self._searched(node, left) if node.relation in _SEARCH else self._value(node.right, left)
        test = relation_test(node.relation, left.kind, value)
        return lambda rows: judge(rows, left.lanes(rows), test, quantifier)

    def _check_relation(self, node: Compare, left: Side) -> None:
        sign, kind, name = node.relation.value, left.kind, left.field.name
        if kind is Kind.LAYER:
            found = f"the bytes of {name} are not in the table, so that it cannot be compared"
            raise FilterError(self.text, node.at, found, hint=f"compare one of its fields; {ASK_TSHARK}")
        searchable = {Relation.CONTAINS: (Kind.TEXT, Kind.MAC, Kind.BYTES), Relation.MATCHES: (Kind.TEXT,)}
        if node.relation in searchable and kind not in searchable[node.relation]:
            found = f"`{sign}` does not apply to {name} ({kind.value})"
            raise FilterError(self.text, node.at, found, hint=f"use == or in; {ASK_TSHARK}")
        if kind is Kind.FLAG and node.relation not in (*_EQUALITY, *_SEARCH):
            raise FilterError(self.text, node.at, f"{name} is yes or no, without an order", hint="use ==")

    def _check_pair(self, node: Compare, left: Side, right: Side) -> None:
        if node.relation in _SEARCH:
            raise FilterError(self.text, right.at, f"`{node.relation.value}` takes text in quotes", hint=ASK_TSHARK)
        if not comparable(left.kind, right.kind):
            found = (
                f"{left.field.name} ({left.kind.value}) cannot be compared with {right.field.name} ({right.kind.value})"
            )
            raise FilterError(self.text, right.at, found, hint="compare fields of one kind, or put a value in quotes")
        if left.field.sparse and right.field.sparse:
            raise FilterError(self.text, right.at, "two fields of payloads cannot be compared here", hint=ASK_TSHARK)

    def _searched(self, node: Compare, left: Side) -> Value:
        """Return what ``contains`` or ``matches`` looks for."""
        right = node.right
        if not isinstance(right, Word | Quoted):
            raise FilterError(self.text, right.at, "a value must stand here", hint=ASK_TSHARK)
        if node.relation is Relation.CONTAINS and left.kind is not Kind.TEXT:
            # A hardware address may hold any few bytes, written as such or as text.
            return right.text.encode("latin-1", "replace") if isinstance(right, Quoted) else self._value(
                right, replace(left, kind=Kind.BYTES)
            )  # fmt: skip
        if node.relation is Relation.CONTAINS:
            return self._value(right, left)
        if not isinstance(right, Quoted):
            raise FilterError(
                self.text, right.at, "`matches` takes a pattern in quotes", hint='write matches "PATTERN"'
            )
        try:
            pc.match_substring_regex(pa.array([""]), right.text, ignore_case=True)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeError) as error:
            found = f"this pattern cannot be used ({str(error).splitlines()[0]})"
            raise FilterError(
                self.text, right.at, found, hint=f"look-around and \\1 are not known here; {ASK_TSHARK}"
            ) from None
        return right.text

    def _value(self, operand: Operand, left: Side) -> Value:
        """Read a literal as the left side's kind."""
        if isinstance(operand, Reckoned) and left.kind in (Kind.NUMBER, Kind.DURATION):
            return constant(self.text, operand, left.kind)
        if not isinstance(operand, Word | Quoted):
            raise FilterError(self.text, operand.at, "a value must stand here", hint=ASK_TSHARK)
        if isinstance(operand, Word) and operand.layers:
            raise FilterError(self.text, operand.at, f"no field `{operand.text}`", hint=ASK_TSHARK)
        try:
            letter = isinstance(operand, Quoted) and operand.letter
            return value_of(operand.text, isinstance(operand, Quoted), left.kind, left.field, letter=letter)
        except ValueError as error:
            named = "." in operand.text and operand.text[:1].isalpha()
            hint = (
                ASK_TSHARK if isinstance(error, NotKept) else f"or did you mean a field? {ASK_TSHARK}" if named else ""
            )
            raise FilterError(self.text, operand.at, f"`{operand.text}` {error}", hint=hint) from None

    def _within(self, node: Within) -> Judge:
        side = side_of(self.text, node.operand)
        if side.kind is Kind.LAYER:
            raise FilterError(self.text, node.at, f"{side.field.name} is a protocol and has no value",
                              hint=f"name one of its fields; {ASK_TSHARK}")  # fmt: skip
        single, ranges = [], []
        for member in node.members:
            if is_field(member.low) or (member.high is not None and is_field(member.high)):
                raise FilterError(self.text, member.low.at, "a set holds values, not fields", hint=ASK_TSHARK)
            low = self._value(member.low, side)
            if member.high is None:
                single.append(low)
            else:
                ranges.append((low, self._value(member.high, side)))
        test = set_test(single, ranges)
        # As in Wireshark, `not in` is the opposite of `in` with any value, whatever word stands before the field.
        quantifier = Quantifier.ANY if node.negated else node.quantifier or Quantifier.ANY
        if node.negated:
            return lambda rows: ~judge(rows, side.lanes(rows), test, quantifier)
        return lambda rows: judge(rows, side.lanes(rows), test, quantifier)
