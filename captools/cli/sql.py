"""captools sql."""

from __future__ import annotations

import click

from captools.cli.common import Asked, Shown, format_options, source_options


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
    """Ask in SQL (DuckDB's): tables packets, http, tls, dns, requests, findings, paths, hops, points.

    "describe packets" shows a table's columns. The query can read these tables only: no file, no change.
    """
    from captools.cli.rows import emit_rows
    from captools.store import sql
    from captools.views.sql_tables import sql_tables

    sql.check_query(query)
    analysis = asked.load()
    emit_rows(sql.query(sql_tables(analysis), query), shown.form, shown.output, key="rows")
