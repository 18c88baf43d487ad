"""Printing Arrow tables in every format, piece by piece: what ``packets`` and ``sql`` share."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    import pyarrow as pa


def emit_rows(
    tables: Iterable[pa.Table],
    form: str,
    output: str | None,
    *,
    key: str,
    value: Callable[[Any], Any] | None = None,
    shown: Sequence[str] = (),
) -> None:
    """Print ``tables``, one or more of the same columns, as one; none is kept once it is printed.

    ``key`` names the rows in the JSON document, ``value`` has the last word on a JSON value, ``shown`` are the
    columns that the format for people shows (default: all).
    """
    from captools.store.atomic import replacing

    if form == "parquet":
        _parquet(tables, output)
        return
    with ExitStack() as stack:
        stream: TextIO = sys.stdout
        if output:
            place = stack.enter_context(replacing(output))
            stream = stack.enter_context(place.open("w", encoding="utf-8", errors="backslashreplace"))
        _write(tables, form, stream, key, value, shown)


def _parquet(tables: Iterable[pa.Table], output: str | None) -> None:
    import pyarrow.parquet as pq

    from captools.cli.sink import parquet_sink
    from captools.views.rows import names_of

    with ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for table in tables:
            table = table.rename_columns(names_of(table))
            if writer is None:
                sink = stack.enter_context(parquet_sink(output))
                writer = stack.enter_context(pq.ParquetWriter(sink, table.schema, compression="zstd"))
            writer.write_table(table)


def _write(
    tables: Iterable[pa.Table],
    form: str,
    stream: TextIO,
    key: str,
    value: Callable[[Any], Any] | None,
    shown: Sequence[str],
) -> None:
    from captools.views.rows import names_of
    from captools.views.text import safe, table_lines

    coming = iter(tables)
    first = next(coming)
    names = names_of(first)
    tables = chain([first], coming)
    if form in ("json", "ndjson"):
        _json((line for table in tables for line in json_lines(table, value)), form, stream, key)
    elif form == "csv":
        for number, table in enumerate(tables):
            write_csv(table, stream, header=number == 0)
    else:
        wanted = shown or names
        rows = (row for table in tables for row in cells(table, [names.index(name) for name in wanted]))
        stream.writelines(line + "\n" for line in table_lines([safe(name) for name in wanted], rows))


def json_lines(table: pa.Table, value: Callable[[Any], Any] | None) -> Iterator[str]:
    """Yield each row as JSON on one line; ``value`` has the last word on a value."""
    from captools.views.rows import names_of, rows_of
    from captools.views.text import json_text

    names, spoken = names_of(table), value or (lambda one: one)
    return (json_text(dict(zip(names, map(spoken, row), strict=True))) for row in rows_of(table))


def write_csv(table: pa.Table, stream: TextIO, *, header: bool) -> None:
    """Write each row as a line of CSV, no control character in it; first the names of the columns, with ``header``."""
    from captools.views.rows import names_of
    from captools.views.text import safe

    writer = csv.writer(stream, lineterminator="\n")
    if header:
        writer.writerow([safe(name) for name in names_of(table)])
    writer.writerows([safe(one) if isinstance(one, str) else one for one in row] for row in cells(table))


def cells(table: pa.Table, columns: Sequence[int] | None = None) -> Iterator[list[Any]]:
    """Yield each row as values on one line; of some ``columns``, by their number, or of all."""
    from captools.views.rows import cell, rows_of

    for row in rows_of(table if columns is None else table.select(columns)):
        yield [cell(one) for one in row]


def _json(items: Iterator[str], form: str, stream: TextIO, key: str) -> None:
    if form == "ndjson":
        stream.writelines(item + "\n" for item in items)
        return
    stream.write(f'{{"schema": 1, "{key}": [')
    for number, item in enumerate(items):
        stream.write((", " if number else "") + item)
    stream.write("]}\n")
