"""One side of a comparison that packets have values for, and how a part of those values is cut out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, AnyStr

import pyarrow as pa
import pyarrow.compute as pc

from captools.model.addresses import V4_PREFIX
from captools.views.filter.errors import ASK_TSHARK, FilterError
from captools.views.filter.kinds import WIDTH, Kind
from captools.views.filter.registry import Field
from captools.views.filter.rows import Lane, Rows
from captools.views.filter.tree import Span

Change = Callable[[Any], Any]  # an Arrow array in, one of the same length out


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A side that packets have values for. ``lanes`` gives them; ``field`` is what literals are read against."""

    at: int
    kind: Kind
    field: Field
    lanes: Callable[[Rows], list[Lane]]
    computed: bool = False  # a function's result: its presence cannot be asked for
    masked: bool = False

    def changed(self, change: Change, kind: Kind, **more: Any) -> Side:
        """Return the side with every value changed to one of ``kind``; ``more`` is said of its field."""
        lanes = self.lanes
        return replace(
            self, kind=kind, field=replace(self.field, kind=kind, known={}, **more),
            lanes=lambda rows: [replace(lane, values=change(lane.values)) for lane in lanes(rows)],
        )  # fmt: skip


def part_of(text: str, side: Side, at: int, part: tuple[Span, ...]) -> Side:
    """Return the bytes or letters of a side that brackets ask for; FilterError where it has none."""
    kind = side.kind
    if kind is Kind.TEXT:
        return side.changed(lambda values: _text_part(values, part), Kind.TEXT)
    if kind in WIDTH:
        return side.changed(lambda values: _byte_part(values, kind, part), Kind.BYTES)
    if kind is Kind.BYTES:
        return side.changed(lambda values: _some_part(values, part), Kind.BYTES)
    found = f"{side.field.name} ({kind.value}) has no bytes here to pick"
    raise FilterError(text, at, found, hint=ASK_TSHARK)


def _byte_part(values: pa.Array[Any], kind: Kind, part: tuple[Span, ...]) -> pa.Array[Any]:
    """Return the bytes asked for, joined; null where one is beyond the end."""
    width = WIDTH[kind]
    before = len(V4_PREFIX) if kind is Kind.IPV4 else 0
    ends = [_ends(span, width) for span in part]
    if any(start < 0 or stop > width or start >= stop for start, stop in ends):
        return pa.nulls(len(values), pa.binary())
    pieces = [pc.binary_slice(values, before + start, before + stop).cast(pa.binary()) for start, stop in ends]
    return pieces[0] if len(pieces) == 1 else pc.binary_join_element_wise(*pieces, b"")


def _text_part(values: pa.Array[Any], part: tuple[Span, ...]) -> pa.Array[Any]:
    return pa.array([_cut(text, "", part) for text in values.cast(pa.string()).to_pylist()], pa.string())


def _some_part(values: pa.Array[Any], part: tuple[Span, ...]) -> pa.Array[Any]:
    return pa.array([_cut(data, b"", part) for data in values.to_pylist()], pa.binary())


def _cut(whole: AnyStr | None, nothing: AnyStr, part: tuple[Span, ...]) -> AnyStr | None:
    """Return the pieces asked for, joined; None where one is beyond the end."""
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
