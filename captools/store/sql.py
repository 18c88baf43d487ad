"""SQL over Arrow tables through DuckDB, in memory: it reads the tables given to it, and nothing else.

The connection opens no file, loads no extension and takes no setting, so that a pasted query can do no harm.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from captools.model.errors import UsageError

_CLOSED = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",  # a table name must never mean a variable of ours
    "lock_configuration": "true",
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


def query(tables: Mapping[str, pa.Table], text: str) -> pa.Table:
    """Return the result of one SELECT over ``tables``; UsageError with DuckDB's reason where it cannot be run."""
    import duckdb

    check_query(text)
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, table in tables.items():
            connection.register(name, table)
        for name, value in _CLOSED.items():
            connection.execute(f"SET {name} = {value}")
        try:
            found: pa.Table = connection.sql(text).to_arrow_table()
            return found
        except duckdb.Error as error:
            hint = f"there are {', '.join(tables)}; DESCRIBE shows the columns of each"
            raise UsageError(f"query: {_sentence(error)}", hint=hint) from error


def _sentence(error: Exception) -> str:
    """Return DuckDB's reason on one line, without its kind and without the picture of the place."""
    told = str(error).split("\n\nLINE ")[0]
    reason = told.partition(" Error: ")[2] or told
    return " ".join(reason.split()).rstrip(".")
