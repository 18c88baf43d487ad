"""Any Arrow table as rows that JSON and text can hold: what a query or a choice of fields gave."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from captools.model.units import rfc3339
from captools.views.text import json_text

BATCH_ROWS = 10_000


def names_of(table: pa.Table) -> list[str]:
    """Return the names of the columns; a name that comes again gets a number (``src``, ``src_2``)."""
    seen: list[str] = []
    for name in table.column_names:
        number, fresh = 2, name
        while fresh in seen:
            fresh, number = f"{name}_{number}", number + 1
        seen.append(fresh)
    return seen


def rows_of(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    """Yield each row as values that JSON knows: times as RFC 3339 text, bytes as hexadecimal."""
    for first in range(0, table.num_rows, BATCH_ROWS):
        part = table.slice(first, BATCH_ROWS)
        yield from zip(*(_values(column) for column in part.columns), strict=True)


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        # Through integers: Python's own times end at microseconds.
        stamps = pc.cast(column, pa.timestamp("ns", tz=column.type.tz), safe=False)
        return [None if one is None else rfc3339(one) for one in stamps.cast(pa.int64()).to_pylist()]
    values: list[Any] = column.to_pylist()
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_string(kind):
        return values  # most columns: nothing to change
    return [plain(one) for one in values]


def plain(value: object) -> Any:
    """Return a value that JSON knows; a number that JSON has no word for (infinite) is None."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date | time | timedelta):
        return str(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def cell(value: Any) -> Any:
    """Return a value on one line: several with a comma between them, yes and no as 1 and 0 (as tshark has it)."""
    if isinstance(value, list) and not any(isinstance(one, dict | list) for one in value):
        return ",".join("" if one is None else str(cell(one)) for one in value)
    if isinstance(value, dict | list):
        return json_text(value)
    return int(value) if isinstance(value, bool) else value
