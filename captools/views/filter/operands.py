"""One side of a comparison: a field, a part of it, a function of it, some bits of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, AnyStr

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.addresses import V4_PREFIX
from captools.views.filter.errors import ASK_TSHARK, FilterError
from captools.views.filter.fields import FIELDS
from captools.views.filter.kinds import WIDTH, Kind
from captools.views.filter.literals import number, octets
from captools.views.filter.registry import Field
from captools.views.filter.rows import Lane, Rows, raw_bytes
from captools.views.filter.tree import Call, Masked, Operand, Span, Word

MAX_COUNT = 2**63 - 1
_FUNCTIONS = ("lower", "upper", "len", "count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A side that packets have values for. ``lanes`` gives them; ``field`` is what literals are read against."""

    at: int
    kind: Kind
    field: Field
    lanes: Callable[[Rows], list[Lane]]
    computed: bool = False  # a function's result: its presence cannot be asked for
    masked: bool = False


def is_field(operand: Operand) -> bool:
    """Tell whether the operand is something packets have values for, and not a value itself."""
    if isinstance(operand, Masked):
        return is_field(operand.inner)
    return isinstance(operand, Call) or (isinstance(operand, Word) and operand.text in FIELDS)


def side_of(text: str, operand: Operand) -> Side:
    """Understand an operand as a field; FilterError where it is none. ``text`` is the whole filter."""
    if isinstance(operand, Word):
        return _field(text, operand)
    if isinstance(operand, Call):
        return _call(text, operand)
    if isinstance(operand, Masked):
        return _masked(text, operand)
    raise FilterError(text, operand.at, "a field must stand here, not a value", hint="write FIELD == VALUE")


def unknown(name: str, more: Iterable[str] = ()) -> tuple[str, str]:
    """Return what to say of a name that is no field (nor one of ``more``), and what to try."""
    near = get_close_matches(name[:100], [*more, *FIELDS], n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}? {ASK_TSHARK}" if near else ASK_TSHARK
    return f"no field `{name}`", hint


def _field(text: str, word: Word) -> Side:
    field = FIELDS.get(word.text)
    if field is None:
        found, hint = unknown(word.text)
        raise FilterError(text, word.at, found, hint=hint)
    if not word.part:
        return Side(at=word.at, kind=field.kind, field=field, lanes=lambda rows: rows.lanes(field, word.layers))
    if field.kind is Kind.TEXT:
        cut, kind = _text_part, Kind.TEXT
    elif field.kind in WIDTH:
        cut, kind = _byte_part, Kind.BYTES
    elif field.kind is Kind.BYTES:
        cut, kind = _some_part, Kind.BYTES
    else:
        raise FilterError(
            text, word.at, f"{field.name} ({field.kind.value}) has no bytes here to pick", hint=ASK_TSHARK
        )
    part = word.part
    return Side(
        at=word.at, kind=kind, field=replace(field, kind=kind),
        lanes=lambda rows: [replace(lane, values=cut(lane.values, field.kind, part))
                            for lane in rows.lanes(field, word.layers)],
    )  # fmt: skip


def _byte_part(values: pa.Array[Any], kind: Kind, part: tuple[Span, ...]) -> pa.Array[Any]:
    """Return the bytes asked for, joined; null where one is beyond the end."""
    width = WIDTH[kind]
    before = len(V4_PREFIX) if kind is Kind.IPV4 else 0
    ends = [_ends(span, width) for span in part]
    if any(start < 0 or stop > width or start >= stop for start, stop in ends):
        return pa.nulls(len(values), pa.binary())
    pieces = [pc.binary_slice(values, before + start, before + stop).cast(pa.binary()) for start, stop in ends]
    return pieces[0] if len(pieces) == 1 else pc.binary_join_element_wise(*pieces, b"")


def _text_part(values: pa.Array[Any], kind: Kind, part: tuple[Span, ...]) -> pa.Array[Any]:
    """Return the letters asked for, joined; null where one is beyond the end."""
    return pa.array([_cut(text, "", part) for text in values.cast(pa.string()).to_pylist()], pa.string())


def _some_part(values: pa.Array[Any], kind: Kind, part: tuple[Span, ...]) -> pa.Array[Any]:
    """The same of bytes, of any number of them."""
    return pa.array([_cut(data, b"", part) for data in values.to_pylist()], pa.binary())


def _cut(whole: AnyStr | None, nothing: AnyStr, part: tuple[Span, ...]) -> AnyStr | None:
    if whole is None:
        return None
    ends = [_ends(span, len(whole)) for span in part]
    if any(start < 0 or stop > len(whole) or start >= stop for start, stop in ends):
        return None
    return nothing.join(whole[start:stop] for start, stop in ends)


def _ends(span: Span, width: int) -> tuple[int, int]:
    """Return the first place of a span, and the one behind its last."""
    start = span.first + width if span.first < 0 else span.first
    if span.last is None:
        return start, width
    return start, (span.last + width if span.last < 0 else span.last) + 1


def _call(text: str, call: Call) -> Side:
    if call.name not in _FUNCTIONS:
        hint = f"there are {', '.join(_FUNCTIONS)}; {ASK_TSHARK}"
        raise FilterError(text, call.at, f"no function `{call.name}` here", hint=hint)
    inner = side_of(text, call.inner)
    if call.name == "count":
        counted = replace(
            inner.field, name="count()", kind=Kind.NUMBER, most=MAX_COUNT, words={}, known={}, column="", header=""
        )
        return Side(at=call.at, kind=Kind.NUMBER, field=counted, lanes=lambda rows: [_count(rows, inner.lanes(rows))],
                    computed=True)  # fmt: skip
    if inner.kind is not Kind.TEXT:
        raise FilterError(text, call.at, f"{call.name}() takes text, {inner.field.name} is {inner.kind.value}",
                          hint=ASK_TSHARK)  # fmt: skip
    function = {"lower": pc.utf8_lower, "upper": pc.utf8_upper, "len": _length}[call.name]
    kind = Kind.NUMBER if call.name == "len" else Kind.TEXT
    return Side(
        at=call.at, kind=kind, field=replace(inner.field, kind=kind, most=MAX_COUNT, known={}), computed=True,
        lanes=lambda rows: [replace(lane, values=function(lane.values.cast(pa.string())))
                            for lane in inner.lanes(rows)],
    )  # fmt: skip


def _length(values: pa.Array[Any]) -> pa.Array[Any]:
    return pc.binary_length(values).cast(pa.int64())


def _count(rows: Rows, lanes: list[Lane]) -> Lane:
    """Return how many values each packet has; null where it has none."""
    total = np.zeros(len(rows), np.int64)
    for lane in lanes:
        there = lane.values.is_valid().to_numpy(zero_copy_only=False)
        total += there if lane.rows is None else np.bincount(lane.rows[there], minlength=len(rows))
    return Lane(values=pa.array(total, mask=total == 0))


def _masked(text: str, masked: Masked) -> Side:
    inner = side_of(text, masked.inner)
    if inner.kind not in (Kind.NUMBER, Kind.BYTES) or not isinstance(masked.bits, Word) or is_field(masked.bits):
        raise FilterError(text, masked.bits.at, "`&` stands between a number, or bytes of a field, and the bits of it",
                          hint=ASK_TSHARK)  # fmt: skip
    written = masked.bits.text
    try:
        bits = octets(written) if inner.kind is Kind.BYTES else number(written)
    except ValueError as error:
        raise FilterError(text, masked.bits.at, f"`{written}` {error}") from None
    return replace(
        inner, masked=True,
        lanes=lambda rows: [replace(lane, values=_some_bits(lane.values, bits)) for lane in inner.lanes(rows)],
    )  # fmt: skip


def _some_bits(values: pa.Array[Any], bits: int | bytes) -> pa.Array[Any]:
    return _bits(values, bits) if isinstance(bits, int) else _byte_bits(values, bits)


def _bits(values: pa.Array[Any], bits: int) -> pa.Array[Any]:
    # All numbers of a packet fit 64 bits without a sign; what is asked for beyond them is never set.
    wide = values.cast(pa.uint64())
    return pc.bit_wise_and(wide, pa.scalar(bits & (2**64 - 1), pa.uint64()))


def _byte_bits(values: pa.Array[Any], bits: bytes) -> pa.Array[Any]:
    """Return bytes with only ``bits`` of them left; null where there are not as many bytes as bits."""
    width = len(bits)
    fits = pc.equal(pc.binary_length(values), width)
    whole = pc.if_else(fits, values, bytes(width)).fill_null(bytes(width)).cast(pa.binary(width))
    left = raw_bytes(whole) & np.frombuffer(bits, np.uint8)
    found = pa.Array.from_buffers(whole.type, len(values), [None, pa.py_buffer(left.tobytes())])
    return pc.if_else(fits, found.cast(pa.binary()), pa.scalar(None, pa.binary()))
