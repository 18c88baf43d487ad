"""captools requests."""

from __future__ import annotations

import click

from captools.cli.common import emit, format_options, load, source_options


@click.command("requests", epilog="Example: captools requests captures/sessions/20261120T101500Z --format csv")
@source_options
@format_options
def command(
    sources: tuple[str, ...],
    inventory: tuple[str, ...],
    expect_encryption: bool,
    tunnel_port: tuple[int, ...],
    form: str,
    as_json: bool,
    output: str | None,
) -> None:
    """Join every HTTP request over the client leg and the backend leg of a proxy."""
    from captools.views import documents, tables
    from captools.views.text import table

    analysis = load(sources, inventory, expect_encryption, tunnel_port)

    def text() -> str:
        if not analysis.requests:
            return "No HTTP/1.x request in clear in these captures; `captools paths` shows the connections."
        notes = [f"{tables.clock(one.ts_ns)}  {one.note}" for one in analysis.requests if one.note]
        return "\n".join([table(tables.REQUESTS, tables.requests(analysis)), *(["", *notes] if notes else [])])

    document = documents.requests(analysis)
    emit("json" if as_json else form, document, document["requests"], text, output)
