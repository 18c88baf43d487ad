"""captools sql."""

from __future__ import annotations

import click

from captools.cli.common import format_options, load, source_options


@click.command(
    "sql", epilog='Example: captools sql SESSION "select src, dst, count(*) from packets group by all order by 3 desc"'
)
@source_options
@format_options
@click.argument("query")
def command(
    sources: tuple[str, ...],
    inventory: tuple[str, ...],
    expect_encryption: bool,
    tunnel_port: tuple[int, ...],
    form: str,
    as_json: bool,
    output: str | None,
    query: str,
) -> None:
    """Ask in SQL (DuckDB's): tables packets, http, tls, dns, requests, findings, paths, hops, points.

    "describe packets" shows a table's columns. The query can read these tables only: no file, no change.
    """
    from captools.cli.rows import emit_rows
    from captools.store import sql
    from captools.views.sql_tables import sql_tables

    sql.check_query(query)
    analysis = load(sources, inventory, expect_encryption, tunnel_port)
    emit_rows(sql.query(sql_tables(analysis), query), "json" if as_json else form, output, key="rows")
