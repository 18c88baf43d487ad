"""Reckoning with fields: ``tcp.dstport >= 4 * {tcp.srcport + 3}``, with whole numbers and durations.

Where a field has several values in a packet, each is reckoned with each of the other side's, as Wireshark does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from captools.views.filter.errors import ASK_TSHARK, FilterError
from captools.views.filter.kinds import Kind
from captools.views.filter.rows import Lane, to_numpy
from captools.views.filter.sides import Side

LIMIT = 2**62  # what is beyond has no result: no sum of two may overflow
SIGNS = ("+", "-", "*", "/", "%")
_OF_DURATIONS = ("+", "-")


def check(text: str, at: int, sign: str, side: Side) -> None:
    """Raise FilterError where a side is nothing to reckon with."""
    if side.kind is Kind.NUMBER or (side.kind is Kind.DURATION and sign in _OF_DURATIONS):
        return
    raise FilterError(text, at, f"`{sign}` does not apply to {side.field.name} ({side.kind.value})",
                      hint=f"reckon with whole numbers, add and subtract seconds; {ASK_TSHARK}")  # fmt: skip


def lanes_of(sign: str, left: Sequence[Lane], right: Sequence[Lane]) -> list[Lane]:
    """Return the results of every value of one side with every value of the other."""
    found = []
    for one in left:
        for other in right:
            where = one.rows if one.rows is not None else other.rows
            found.append(Lane(values=_reckoned(sign, one.at(where), other.at(where)), rows=where))
    return found


def with_number(sign: str, lanes: Sequence[Lane], value: int, *, first: bool) -> list[Lane]:
    """Return the results of every value with one number, which stands ``first`` or second."""
    found = []
    for lane in lanes:
        number = pa.repeat(pa.scalar(value, pa.int64()), len(lane.values))
        pair = (number, lane.values) if first else (lane.values, number)
        found.append(Lane(values=_reckoned(sign, *pair), rows=lane.rows))
    return found


def of_numbers(sign: str, one: int, other: int) -> int | None:
    """Return the result of two numbers; None where there is none."""
    (found,) = _reckoned(sign, pa.array([one]), pa.array([other])).to_pylist()
    return found  # type: ignore[no-any-return]


def whole(values: pa.Array[Any]) -> pa.Array[Any]:
    """Return numbers as signed 64-bit ones; null where one is beyond the limit."""
    if pa.types.is_uint64(values.type):
        there = to_numpy(values.is_valid())
        plain = to_numpy(values.fill_null(0))
        fits = there & (plain < LIMIT)
        return pa.array(np.where(fits, plain, 0).astype(np.int64), mask=~fits)
    return values.cast(pa.int64())


def _reckoned(sign: str, one: pa.Array[Any], other: pa.Array[Any]) -> pa.Array[Any]:
    """Return whole numbers; null where a side has none, at a division by zero, and beyond the limit."""
    one, other = whole(one), whole(other)
    there = to_numpy(one.is_valid()) & to_numpy(other.is_valid())
    a, b = to_numpy(one.fill_null(0)), to_numpy(other.fill_null(0))
    if sign in ("/", "%"):
        there &= b != 0
        b = np.where(b == 0, 1, b)
        quotient = np.abs(a) // np.abs(b) * np.sign(a) * np.sign(b)  # towards zero, as in C
        found = quotient if sign == "/" else a - quotient * b
    else:
        work = {"+": np.add, "-": np.subtract, "*": np.multiply}[sign]
        with np.errstate(over="ignore"):
            found = work(a, b)
        there &= np.abs(work(a.astype(np.float64), b.astype(np.float64))) < LIMIT
    return pa.array(found, pa.int64(), mask=~there)
