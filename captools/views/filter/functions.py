"""The functions of display filters, over what the packets hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.addresses import mac_text, to_text
from captools.views.filter.arithmetic import whole
from captools.views.filter.errors import ASK_TSHARK, FilterError
from captools.views.filter.kinds import ADDRESSES, WIDTH, Kind
from captools.views.filter.rows import Lane, Rows, to_numpy
from captools.views.filter.sides import Change, Side

MAX_COUNT = 2**63 - 1
FUNCTIONS = ("lower", "upper", "len", "count", "string", "max", "min", "abs")
_ORDERED = (Kind.NUMBER, Kind.DURATION, Kind.EPOCH)  # whole numbers inside


def function_of(text: str, at: int, name: str, sides: Sequence[Side]) -> Side:
    """Return the side that a function of other sides is; FilterError where it is none."""
    if name not in FUNCTIONS:
        raise FilterError(
            text, at, f"no function `{name}` here", hint=f"there are {', '.join(FUNCTIONS)}; {ASK_TSHARK}"
        )
    if name in ("max", "min"):
        return _extreme(text, at, name, sides)
    if len(sides) != 1:
        raise FilterError(text, sides[1].at, f"{name}() takes one field", hint=f"write {name}(FIELD)")
    made = {"count": _count, "len": _length, "string": _string, "abs": _absolute}.get(name, _cased)
    return replace(made(text, at, name, sides[0]), at=at, computed=True, masked=False)


def _refused(text: str, at: int, name: str, takes: str, side: Side) -> FilterError:
    found = f"{name}() takes {takes}, {side.field.name} is {side.kind.value}"
    return FilterError(text, at, found, hint=ASK_TSHARK)


def _cased(text: str, at: int, name: str, side: Side) -> Side:
    if side.kind is not Kind.TEXT:
        raise _refused(text, at, name, "text", side)
    change = {"lower": pc.utf8_lower, "upper": pc.utf8_upper}[name]
    return side.changed(lambda values: change(values.cast(pa.string())), Kind.TEXT)


def _length(text: str, at: int, name: str, side: Side) -> Side:
    """Bytes of a value, as it stands in the packet."""
    if side.kind in WIDTH:
        width = WIDTH[side.kind]
        return _counting(side, lambda values: pc.if_else(values.is_valid(), width, pa.scalar(None, pa.int64())))
    if side.kind is Kind.TEXT:
        return _counting(side, lambda values: pc.binary_length(values.cast(pa.string())).cast(pa.int64()))
    if side.kind is Kind.BYTES:
        return _counting(side, lambda values: pc.binary_length(values).cast(pa.int64()))
    raise _refused(text, at, name, "text, bytes or an address", side)


def _counting(side: Side, change: Change) -> Side:
    return side.changed(change, Kind.NUMBER, most=MAX_COUNT, words={})


def _string(text: str, at: int, name: str, side: Side) -> Side:
    """Numbers in decimal, addresses as people write them."""
    if side.kind is Kind.NUMBER:
        return side.changed(lambda values: values.cast(pa.string()), Kind.TEXT)
    if side.kind is not Kind.MAC and side.kind not in ADDRESSES:
        raise _refused(text, at, name, "a number or an address", side)
    speak = mac_text if side.kind is Kind.MAC else to_text
    return side.changed(lambda values: _spoken(values, speak), Kind.TEXT)


def _spoken(values: pa.Array[Any], speak: Callable[[Any], str]) -> pa.Array[Any]:
    coded = values.dictionary_encode()
    words = pa.array([speak(one) for one in coded.dictionary.to_pylist()], pa.string())
    return words.take(coded.indices)


def _absolute(text: str, at: int, name: str, side: Side) -> Side:
    if side.kind not in (Kind.NUMBER, Kind.DURATION):
        raise _refused(text, at, name, "a number or seconds", side)
    return side.changed(lambda values: pc.abs(whole(values)), side.kind)


def _count(text: str, at: int, name: str, side: Side) -> Side:
    counted = replace(
        side.field, name="count()", kind=Kind.NUMBER, most=MAX_COUNT, words={}, known={}, column="", header=""
    )
    return replace(side, kind=Kind.NUMBER, field=counted, lanes=lambda rows: [_counted(rows, side.lanes(rows))])


def _counted(rows: Rows, lanes: list[Lane]) -> Lane:
    """Return how many values each packet has; null where it has none."""
    total = np.zeros(len(rows), np.int64)
    for lane in lanes:
        there = to_numpy(lane.values.is_valid())
        total += there if lane.rows is None else np.bincount(lane.rows[there], minlength=len(rows))
    return Lane(values=pa.array(total, mask=total == 0))


def _extreme(text: str, at: int, name: str, sides: Sequence[Side]) -> Side:
    """The largest or smallest value that a packet has of some fields of one kind."""
    for side in sides:
        if side.kind not in _ORDERED:
            raise _refused(text, side.at, name, "numbers or seconds", side)
        if side.kind is not sides[0].kind:
            found = f"{name}() takes fields of one kind: {sides[0].field.name} is {sides[0].kind.value}"
            raise FilterError(text, side.at, f"{found}, {side.field.name} is {side.kind.value}", hint=ASK_TSHARK)
    better = np.maximum if name == "max" else np.minimum
    most = max(side.field.most for side in sides)
    least = min(side.field.least for side in sides)
    field = replace(sides[0].field, most=most, least=least, known={}, column="", header="")
    return Side(at=at, kind=sides[0].kind, field=field, computed=True,
                lanes=lambda rows: [_best(rows, [lane for side in sides for lane in side.lanes(rows)], better)])  # fmt: skip


def _best(rows: Rows, lanes: Sequence[Lane], better: Any) -> Lane:
    bound = -(2**63) if better is np.maximum else 2**63 - 1
    found, there = np.full(len(rows), bound, np.int64), np.zeros(len(rows), np.bool_)
    for lane in lanes:
        values = whole(lane.values)
        valid = to_numpy(values.is_valid())
        at = np.flatnonzero(valid) if lane.rows is None else lane.rows[valid]
        better.at(found, at, to_numpy(values.fill_null(0))[valid])
        there[at] = True
    return Lane(values=pa.array(found, mask=~there))
