"""captools sql."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from captools.cli.common import Asked, Shown, format_options, source_options

if TYPE_CHECKING:
    from captools.pipeline import Session
    from captools.store.sql import Maker


@click.command(
    "sql", epilog='Example: captools sql SESSION "select src, dst, count(*) from packets group by all order by 3 desc"'
)
@source_options
@format_options
@click.argument("query")
def command(
    asked: Asked,
    shown: Shown,
    query: str,
) -> None:
    """Ask the captures in SQL, as DuckDB speaks it.

    Tables: packets (a row for each packet at each point), http, tls and dns (a row for each head, hello and message;
    source and frame name its packet), requests, findings, paths, hops and points. "describe packets" as QUERY lists a
    table's columns.

    A query reads these tables only, and changes nothing. packets, http, tls and dns may be of any size; the others are
    concluded from captures that fit into memory.
    """
    from captools.cli.rows import emit_rows
    from captools.store import sql

    sql.check_query(query)
    emit_rows([sql.query(tables(asked.open()), query)], shown.form, shown.output, key="rows")


def tables(session: Session) -> dict[str, Maker]:
    """Return what makes each table; a query makes those it names."""
    from captools.store.rows_in_sql import packets
    from captools.views.sql_tables import CONCLUDED

    opened = session.opened
    found: dict[str, Maker] = {
        "packets": lambda: packets(opened), "http": opened.http, "tls": opened.tls, "dns": opened.dns
    }  # fmt: skip
    for name, make in CONCLUDED.items():
        found[name] = lambda make=make: make(session.analysis)  # type: ignore[misc]
    return found
