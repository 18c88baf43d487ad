"""Printing an Arrow table in every format: what ``packets -e`` and ``sql`` share."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from captools.cli.common import write_parquet

if TYPE_CHECKING:
    import pyarrow as pa


def emit_rows(
    table: pa.Table, form: str, output: str | None, *, key: str, value: Callable[[Any], Any] | None = None
) -> None:
    """Print ``table``; ``key`` names its rows in the JSON document, ``value`` has the last word on a JSON value."""
    from captools.store.atomic import replacing
    from captools.views.rows import names_of

    if form == "parquet":
        write_parquet(table.rename_columns(names_of(table)), output)
    elif output:
        with replacing(output) as place, place.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            _write(table, form, stream, key, value)
    else:
        _write(table, form, sys.stdout, key, value)


def _write(table: pa.Table, form: str, stream: TextIO, key: str, value: Callable[[Any], Any] | None) -> None:
    from captools.views import text
    from captools.views.rows import cell, names_of, rows_of

    names = names_of(table)
    if form in ("json", "ndjson"):
        spoken = value or (lambda one: one)
        items = (dict(zip(names, map(spoken, row), strict=True)) for row in rows_of(table))
        if form == "json":
            stream.write(text.json_text({"schema": 1, key: list(items)}) + "\n")
        else:
            stream.writelines(text.json_text(item) + "\n" for item in items)
        return
    rows = ([cell(one) for one in row] for row in rows_of(table))
    if form == "csv":
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([text.safe(name) for name in names])
        writer.writerows([text.safe(one) if isinstance(one, str) else one for one in row] for row in rows)
    else:
        stream.write(text.table([text.safe(name) for name in names], rows) + "\n")
