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
    """Ask in SQL (DuckDB's): tables packets, http, tls, dns, requests, findings, paths, hops, points.

    "describe packets" shows a table's columns. The query can read these tables only: no file, no change. Captures of
    any size can be asked about packets, http, tls and dns.
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
