"""Comparing the values that packets have: with one value, a set, or another field's values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.packets import ADDRESS
from captools.views.filter.kinds import Kind
from captools.views.filter.layers import Mask
from captools.views.filter.literals import Net, Value
from captools.views.filter.rows import Lane, Rows, raw_bytes, to_numpy
from captools.views.filter.tree import Quantifier, Relation

_ORDERS = {pc.greater: np.greater, pc.greater_equal: np.greater_equal, pc.less: np.less,
           pc.less_equal: np.less_equal}  # fmt: skip
Test = Callable[[Any], Any]  # values to yes, no, or null where there is no value
_FUNCTIONS = {
    Relation.EQ: pc.equal, Relation.NE: pc.not_equal, Relation.GT: pc.greater, Relation.GE: pc.greater_equal,
    Relation.LT: pc.less, Relation.LE: pc.less_equal,
}  # fmt: skip


def exists(rows: Rows, lanes: Sequence[Lane]) -> Mask:
    """Tell which packets have a value."""
    return _any(rows, [(lane.rows, lane.values.is_valid()) for lane in lanes])


def some_bit(rows: Rows, lanes: Sequence[Lane]) -> Mask:
    """Tell which packets have a value that is not zero."""
    return _any(rows, [(lane.rows, _not_zero(lane.values)) for lane in lanes])


def _not_zero(values: pa.Array[Any]) -> pa.Array[Any]:
    if pa.types.is_integer(values.type):
        return pc.not_equal(values, pa.scalar(0, values.type))
    return pc.match_substring_regex(values.cast(pa.binary()), "[^\\x00]")


def judge(rows: Rows, lanes: Sequence[Lane], test: Test, quantifier: Quantifier) -> Mask:
    """Tell which packets pass: with any of their values, or with all of them (and at least one)."""
    said = [(lane.rows, test(lane.values)) for lane in lanes]
    if quantifier is Quantifier.ANY:
        return _any(rows, said)
    some = _any(rows, [(where, answer.is_valid()) for where, answer in said])
    return some & ~_any(rows, [(where, pc.invert(answer)) for where, answer in said])


def judge_pairs(
    rows: Rows, left: Sequence[Lane], right: Sequence[Lane], relation: Relation, quantifier: Quantifier
) -> Mask:
    """Tell which packets pass by the values of two fields: with any pair of them, or all."""
    said = []
    for one in left:
        for other in right:
            where = one.rows if one.rows is not None else other.rows
            said.append((where, _FUNCTIONS[relation](*_alike(one.at(where), other.at(where)))))
    if quantifier is Quantifier.ANY:
        return _any(rows, said)
    some = _any(rows, [(where, answer.is_valid()) for where, answer in said])
    return some & ~_any(rows, [(where, pc.invert(answer)) for where, answer in said])


def _alike(one: pa.Array[Any], other: pa.Array[Any]) -> tuple[pa.Array[Any], pa.Array[Any]]:
    """Give two columns a common type where pyarrow has none: 64 bits without and with a sign, words and text."""
    one, other = plain(one), plain(other)
    if one.type != other.type and pa.uint64() in (one.type, other.type):
        return one.cast(pa.decimal128(20, 0)), other.cast(pa.decimal128(20, 0))
    if one.type != other.type and (pa.types.is_fixed_size_binary(one.type) or pa.types.is_binary(one.type)):
        return one.cast(pa.binary()), other.cast(pa.binary())
    return one, other


def plain(values: pa.Array[Any]) -> pa.Array[Any]:
    """Return words as text."""
    return values.cast(values.type.value_type) if isinstance(values, pa.DictionaryArray) else values


def _any(rows: Rows, said: Sequence[tuple[Any, pa.Array[Any]]]) -> Mask:
    found = np.zeros(len(rows), np.bool_)
    for where, answer in said:
        yes = to_numpy(answer.fill_null(False))
        if where is None:
            found |= yes
        else:
            found[where[yes]] = True
    return found


def relation_test(relation: Relation, kind: Kind, value: Value) -> Test:
    """Return the test of a relation with one value."""
    if isinstance(value, Net):
        return _net_test(relation, value)
    if relation is Relation.CONTAINS:
        return lambda values: pc.match_substring(_searchable(values, kind), value)
    if relation is Relation.MATCHES:
        return lambda values: pc.match_substring_regex(plain(values), value, ignore_case=True)
    return lambda values: _with_scalar(_FUNCTIONS[relation], values, value)


def _with_scalar(function: Any, values: pa.Array[Any], value: Value) -> pa.Array[Any]:
    # Few words stand for many rows: compare the words.
    if isinstance(values, pa.DictionaryArray):
        return _by_word(values, lambda words: function(words, value))
    if isinstance(value, int) and not isinstance(value, bool) and pa.types.is_integer(values.type):
        return _with_number(function, values, value)
    if values.type == ADDRESS and isinstance(value, bytes) and function in _ORDERS:
        return _address_order(_ORDERS[function], values, value)
    return function(values, pa.scalar(value, values.type))


def _address_order(order: Any, values: pa.Array[Any], address: bytes) -> pa.Array[Any]:
    """Compare addresses as two numbers of eight bytes each: ten times as fast as byte by byte."""
    if not len(values):
        return pa.array([], pa.bool_())
    words = raw_bytes(values).view(">u8")
    high, low = words[:, 0], words[:, 1]
    first, second = int.from_bytes(address[:8], "big"), int.from_bytes(address[8:], "big")
    found = np.where(high == np.uint64(first), order(low, np.uint64(second)), order(high, np.uint64(first)))
    return pa.array(found, mask=~to_numpy(values.is_valid()))


def _with_number(function: Any, values: pa.Array[Any], value: int) -> pa.Array[Any]:
    """Compare with a number that the column's type may be too narrow for."""
    width = values.type.bit_width
    signed = pa.types.is_signed_integer(values.type)
    low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if signed else (0, 2**width - 1)
    if low <= value <= high:
        return function(values, pa.scalar(value, values.type))
    return function(values.cast(pa.decimal128(20, 0)), pa.scalar(value, pa.decimal128(38, 0)))


def _by_word(values: pa.DictionaryArray, test: Test) -> pa.Array[Any]:
    return test(values.dictionary).take(values.indices)


def _searchable(values: pa.Array[Any], kind: Kind) -> pa.Array[Any]:
    return values.cast(pa.binary()) if kind in (Kind.MAC, Kind.BYTES) else plain(values)


def _net_test(relation: Relation, net: Net) -> Test:
    """A prefix equals every address in it, and lies between those below and those above."""

    def inside(values: pa.Array[Any]) -> pa.Array[Any]:
        return pc.and_(
            _with_scalar(pc.greater_equal, values, net.low), _with_scalar(pc.less_equal, values, net.high)
        )  # fmt: skip

    tests: dict[Relation, Test] = {
        Relation.EQ: inside,
        Relation.NE: lambda values: pc.invert(inside(values)),
        Relation.GT: lambda values: _with_scalar(pc.greater, values, net.high),
        Relation.GE: lambda values: _with_scalar(pc.greater_equal, values, net.low),
        Relation.LT: lambda values: _with_scalar(pc.less, values, net.low),
        Relation.LE: lambda values: _with_scalar(pc.less_equal, values, net.high),
    }
    return tests[relation]


def set_test(values: Sequence[Value], ranges: Sequence[tuple[Value, Value]]) -> Test:
    """Return the test for being one of ``values`` or in one of ``ranges`` (both ends included)."""
    nets = [(one.low, one.high) for one in values if isinstance(one, Net)]
    single = [one for one in values if not isinstance(one, Net)]

    def test(column: pa.Array[Any]) -> pa.Array[Any]:
        column = plain(column)
        found = pc.is_in(column, value_set=pa.array(single, column.type))
        for low, high in [*nets, *ranges]:
            first = low.low if isinstance(low, Net) else low
            last = high.high if isinstance(high, Net) else high
            above = _with_scalar(pc.greater_equal, column, first)
            found = pc.or_(found, pc.and_(above, _with_scalar(pc.less_equal, column, last)).fill_null(False))
        # is_in says no of null: a packet without the field is neither in nor out.
        return pc.if_else(column.is_valid(), found, pa.scalar(None, pa.bool_()))

    return test
