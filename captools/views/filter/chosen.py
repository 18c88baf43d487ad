"""The fields that ``packets -e`` asks for, as people read them: a column each, by Wireshark's names or ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from captools.model.addresses import mac_text, to_text
from captools.model.errors import UsageError
from captools.model.units import NS_PER_S, rfc3339
from captools.views.filter.fields import FIELDS, OURS
from captools.views.filter.kinds import ADDRESSES, Kind
from captools.views.filter.operands import unknown
from captools.views.filter.registry import Field
from captools.views.filter.rows import Lane, Rows
from captools.views.filter.tables import Tables

_TYPES = {Kind.NUMBER: pa.uint64(), Kind.FLAG: pa.bool_(), Kind.LAYER: pa.bool_()}


def field_called(name: str) -> Field:
    """Return a field by Wireshark's name or a column of the packet table by ours; UsageError names the nearest."""
    field = FIELDS.get(name) or FIELDS.get(OURS + name)
    if field is None:
        found, hint = unknown(name, [one.removeprefix(OURS) for one in FIELDS if one.startswith(OURS)])
        near = hint.partition("?")[0] + "?" if "?" in hint else '`captools packets --fields ""` lists all'
        raise UsageError(f"-e: {found}", hint=near)
    return field


def chosen(tables: Tables, names: Sequence[str], keep: Sequence[int]) -> pa.Table:
    """Return a column per name for the rows ``keep`` of the packets, in that order; null where a packet has it not.

    Addresses and times are text. A field that a packet may hold several times (outer and inner header) is a list,
    outermost first. Raises UsageError for an unknown name.
    """
    rows, wanted = Rows(tables), np.asarray(keep, np.int64)
    columns = []
    for name in names:
        field = field_called(name)
        speak = _speaker(field.kind)
        kind = _TYPES.get(field.kind, pa.string())
        values = _collected(rows.lanes(field), wanted, speak)
        if field.once:
            columns.append(pa.array([one[0] if one else None for one in values], kind))
        else:
            columns.append(pa.array([one or None for one in values], pa.list_(kind)))
    return pa.table(columns, names=list(names))


def tables_of(names: Sequence[str]) -> frozenset[str]:
    """Return which tables of payloads (http, tls, dns) hold these fields; UsageError for an unknown name."""
    return frozenset(field_called(name).table for name in names) - {""}


def _collected(lanes: Sequence[Lane], wanted: Any, speak: Callable[[Any], Any]) -> list[list[Any]]:
    found: list[list[Any]] = [[] for _ in wanted]
    place = {row: at for at, row in enumerate(wanted.tolist())}
    for lane in lanes:
        if lane.rows is None:
            pairs = list(enumerate(lane.values.take(pa.array(wanted)).to_pylist()))
        else:
            told = zip(lane.rows.tolist(), lane.values.to_pylist(), strict=True)
            pairs = [(place[row], value) for row, value in told if row in place]
        for at, value in pairs:
            if value is not None:
                found[at].append(speak(value))
    return found


def _speaker(kind: Kind) -> Callable[[Any], Any]:
    if kind in ADDRESSES:
        return to_text
    if kind is Kind.MAC:
        return mac_text
    if kind is Kind.TIME:
        return rfc3339
    if kind is Kind.BYTES:
        return bytes.hex
    if kind in (Kind.EPOCH, Kind.DURATION):
        return _seconds
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _seconds(ns: int) -> str:
    """Return nanoseconds as seconds with nine digits, as tshark prints them."""
    whole, rest = divmod(abs(ns), NS_PER_S)
    return f"{'-' if ns < 0 else ''}{whole}.{rest:09d}"
