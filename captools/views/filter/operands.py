"""One side of a comparison: a field, a part of it, a function of it, what is reckoned with it, some bits of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.addresses import V4_PREFIX, to_bytes
from captools.views.filter import arithmetic
from captools.views.filter.errors import ASK_TSHARK, FilterError
from captools.views.filter.fields import FIELDS
from captools.views.filter.functions import MAX_COUNT, function_of
from captools.views.filter.kinds import Kind
from captools.views.filter.literals import number, octets, seconds
from captools.views.filter.rows import Lane, raw_bytes
from captools.views.filter.sides import Side, part_of
from captools.views.filter.tree import Call, Masked, Operand, Part, Quoted, Reckoned, Word


def is_field(operand: Operand) -> bool:
    """Tell whether the operand is something packets have values for, and not a value itself."""
    if isinstance(operand, Masked | Part):
        return is_field(operand.inner)
    if isinstance(operand, Reckoned):
        return is_field(operand.left) or is_field(operand.right)
    return isinstance(operand, Call) or (isinstance(operand, Word) and operand.text in FIELDS)


def side_of(text: str, operand: Operand) -> Side:
    """Understand an operand as a field; FilterError where it is none. ``text`` is the whole filter."""
    if isinstance(operand, Word):
        return _field(text, operand)
    if isinstance(operand, Part):
        return part_of(text, side_of(text, operand.inner), operand.at, operand.spans)
    if isinstance(operand, Call):
        return function_of(text, operand.at, operand.name, [side_of(text, one) for one in operand.inner])
    if isinstance(operand, Masked):
        return _masked(text, operand)
    if isinstance(operand, Reckoned):
        return _reckoned(text, operand)
    raise FilterError(text, operand.at, "a field must stand here, not a value", hint="write FIELD == VALUE")


def unknown(name: str, more: Iterable[str] = ()) -> tuple[str, str]:
    """Return what to say of a name that is no field (nor one of ``more``), and what to try."""
    near = get_close_matches(name[:100], [*more, *FIELDS], n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}? {ASK_TSHARK}" if near else ASK_TSHARK
    return f"no field `{name}`", hint


def constant(text: str, operand: Operand, kind: Kind) -> int:
    """Return the number that an operand without fields is, ``kind`` telling what its words are; FilterError if none."""
    if isinstance(operand, Reckoned):
        one, other = (constant(text, end, kind) for end in (operand.left, operand.right))
        found = arithmetic.of_numbers(operand.sign, one, other)
        if found is None:
            raise FilterError(
                text, operand.at, f"{one} {operand.sign} {other} has no result here", hint="use small numbers"
            )
        return found
    if not isinstance(operand, Word | Quoted) or (isinstance(operand, Word) and operand.layers):
        raise FilterError(text, operand.at, "a number must stand here", hint=ASK_TSHARK)
    try:
        value = seconds(operand.text) if kind is Kind.DURATION else number(operand.text)
        if abs(value) >= arithmetic.LIMIT:
            raise ValueError("is too large to reckon with")
        return value
    except ValueError as error:
        raise FilterError(text, operand.at, f"`{operand.text}` {error}", hint=_perhaps(operand)) from None


def _perhaps(operand: Word | Quoted) -> str:
    """Return the nearest names where a word that stands for a number looks like a field."""
    return unknown(operand.text)[1] if isinstance(operand, Word) and operand.text[:1].isalpha() else ""


def _field(text: str, word: Word) -> Side:
    field = FIELDS.get(word.text)
    if field is None:
        found, hint = unknown(word.text)
        raise FilterError(text, word.at, found, hint=hint)
    return Side(at=word.at, kind=field.kind, field=field, lanes=lambda rows: rows.lanes(field, word.layers))


def _reckoned(text: str, reckoned: Reckoned) -> Side:
    at, sign = reckoned.at, reckoned.sign
    ends = [side_of(text, end) if is_field(end) else None for end in (reckoned.left, reckoned.right)]
    sides = [side for side in ends if side is not None]
    if not sides:
        raise FilterError(text, at, "a field must stand here, not a value", hint="write FIELD == VALUE")
    for side in sides:
        arithmetic.check(text, at, sign, side)
    if sides[0].kind is not sides[-1].kind:
        found = f"{sides[0].field.name} is {sides[0].kind.value}, {sides[1].field.name} is {sides[1].kind.value}"
        raise FilterError(text, at, f"`{sign}` takes two of one kind: {found}", hint=ASK_TSHARK)
    kind = sides[0].kind
    # What a payload field goes into has as many values as that field, and belongs to the same entries.
    of = next((side.field for side in sides if side.field.sparse), sides[0].field)
    field = replace(of, name="the result", least=-MAX_COUNT, most=MAX_COUNT, words={}, known={})
    if len(sides) == 2:
        one, other = sides
        if one.field.sparse and other.field.sparse:
            raise FilterError(text, at, "two fields of payloads cannot be reckoned with here", hint=ASK_TSHARK)
        return Side(at=at, kind=kind, field=field, computed=True,
                    lanes=lambda rows: arithmetic.lanes_of(sign, one.lanes(rows), other.lanes(rows)))  # fmt: skip
    first = ends[0] is None
    value, (side,) = constant(text, reckoned.left if first else reckoned.right, kind), sides
    return Side(at=at, kind=kind, field=field, computed=True,
                lanes=lambda rows: arithmetic.with_number(sign, side.lanes(rows), value, first=first))  # fmt: skip


def _masked(text: str, masked: Masked) -> Side:
    inner = side_of(text, masked.inner)
    kinds = (Kind.NUMBER, Kind.BYTES, Kind.MAC, Kind.IPV4, Kind.IPV6)
    literal = isinstance(masked.bits, Word | Reckoned) and not is_field(masked.bits)
    if inner.kind not in kinds or not literal:
        found = "`&` stands between a number, bytes or an address, and the bits of it"
        raise FilterError(text, masked.bits.at, found, hint=ASK_TSHARK)
    if inner.kind is Kind.NUMBER:
        bits = constant(text, masked.bits, Kind.NUMBER)
        return replace(inner.changed(lambda values: _bits(values, bits), Kind.NUMBER), masked=True)
    written = masked.bits.text if isinstance(masked.bits, Word) else ""
    try:
        pattern = _pattern(written, inner.kind)
    except ValueError as error:
        raise FilterError(text, masked.bits.at, f"`{written}` {error}") from None
    return replace(inner.changed(lambda values: _byte_bits(values, pattern), inner.kind), masked=True)


def _pattern(written: str, kind: Kind) -> bytes:
    """Return the bits to leave, as many bytes as a value has inside; ValueError says what the text is not."""
    if kind in (Kind.BYTES, Kind.MAC):
        return octets(written)
    try:
        pattern = to_bytes(written)
        if pattern.startswith(V4_PREFIX) is (kind is Kind.IPV4):
            return pattern
    except ValueError:
        pass
    raise ValueError(f"is no mask of an {kind.value}, such as {'255.255.255.0' if kind is Kind.IPV4 else 'ffff::'}")


def _bits(values: pa.Array[Any], bits: int) -> pa.Array[Any]:
    # All numbers of a packet fit 64 bits without a sign; what is asked for beyond them is never set.
    wide = values.cast(pa.uint64(), safe=False)
    return pc.bit_wise_and(wide, pa.scalar(bits & (2**64 - 1), pa.uint64()))


def _byte_bits(values: pa.Array[Any], bits: bytes) -> pa.Array[Any]:
    """Return bytes with only ``bits`` of them left; null where there are not as many bytes as bits."""
    width, kind = len(bits), values.type
    fits = pc.equal(pc.binary_length(values), width)
    whole = pc.if_else(fits, values.cast(pa.binary()), bytes(width)).fill_null(bytes(width)).cast(pa.binary(width))
    left = raw_bytes(whole) & np.frombuffer(bits, np.uint8)
    found = pa.Array.from_buffers(whole.type, len(values), [None, pa.py_buffer(left.tobytes())])
    return pc.if_else(fits, found.cast(pa.binary()), pa.scalar(None, pa.binary())).cast(kind)


def seen(side: Side, lanes: list[Lane]) -> list[Lane]:
    """Return what a masked side's bits are looked for in: of an IPv4 address the four bytes it is written as."""
    if side.kind is not Kind.IPV4:
        return lanes
    start = len(V4_PREFIX)
    return [replace(lane, values=pc.binary_slice(lane.values, start, start + 4)) for lane in lanes]
