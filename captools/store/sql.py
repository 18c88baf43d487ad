"""SQL through DuckDB: over tables in memory, and over the Parquet files of large captures; nothing else.

The connection opens no other file, loads no extension and takes no setting, so that a pasted query can do no harm.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from captools.model.errors import UsageError

_CLOSED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",  # a table name must never mean a variable of ours
}
_QUESTIONS = ("SELECT", "EXPLAIN")


def check_query(text: str) -> None:
    """Raise UsageError unless ``text`` is one statement that only asks, as far as can be told without the tables."""
    import duckdb

    try:
        with duckdb.connect(":memory:") as connection:
            kinds = [statement.type.name for statement in connection.extract_statements(text)]
    except duckdb.Error as error:
        raise UsageError(f"query: {_sentence(error)}", hint="it is DuckDB's SQL") from error
    if len(kinds) != 1:
        raise UsageError(f"query: {len(kinds)} statements, where one is needed", hint='such as "select * from packets"')
    if kinds[0] not in _QUESTIONS:
        raise UsageError(f"query: {kinds[0]} changes something, and only questions are answered", hint="use select")


@dataclass(frozen=True, slots=True)
class View:
    """A table that stays on disk: a SELECT over Parquet files in ``folders`` and over the tables ``beside`` it."""

    select: str
    folders: tuple[Path, ...]
    beside: Mapping[str, pa.Table]


Maker = Callable[[], pa.Table | View]


def query(tables: Mapping[str, Maker], text: str) -> pa.Table:
    """Return the result of one SELECT over ``tables``; UsageError with DuckDB's reason where it cannot be run.

    Only the tables whose name the text contains are made.
    """
    import duckdb

    check_query(text)
    made = {name: make() for name, make in tables.items() if re.search(rf"\b{name}\b", text, re.IGNORECASE)}
    views = {name: one for name, one in made.items() if isinstance(one, View)}
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        folders = sorted({str(folder) for view in views.values() for folder in view.folders})
        if folders:
            connection.execute(f"SET allowed_directories = [{', '.join(map(quoted, folders))}]")
        plain = {name: one for name, one in made.items() if not isinstance(one, View)}
        for beside in (plain, *(view.beside for view in views.values())):
            for name, table in beside.items():
                connection.register(name, table)
        for name, value in _CLOSED.items():
            connection.execute(f"SET {name} = {value}")
        try:
            for name, view in views.items():
                connection.execute(f"CREATE VIEW {name} AS {view.select}")
            connection.execute("SET lock_configuration = true")
            found: pa.Table = connection.sql(text).to_arrow_table()
            return found
        except duckdb.Error as error:
            hint = f"there are {', '.join(tables)}; DESCRIBE shows the columns of each"
            raise UsageError(f"query: {_sentence(error)}", hint=hint) from error


def quoted(text: str) -> str:
    """Return ``text`` as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _sentence(error: Exception) -> str:
    """Return DuckDB's reason on one line, without its kind and without the picture of the place."""
    told = re.sub(r'\s*Did you mean "pg_\w+"\??', "", str(error).split("\n\nLINE ")[0])  # a table that no one can ask
    reason = told.partition(" Error: ")[2] or told
    return " ".join(reason.split()).rstrip(".")
