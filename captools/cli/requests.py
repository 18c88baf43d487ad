"""captools requests."""

from __future__ import annotations

import click

from captools.cli.common import Asked, Shown, format_options, source_options


@click.command("requests", epilog="Example: captools requests captures/sessions/20261120T101500Z --format csv")
@source_options
@format_options
def command(
    asked: Asked,
    shown: Shown,
) -> None:
    """Join every HTTP request over the client leg and the backend leg of a proxy."""
    from captools.views import documents, tables
    from captools.views.no_requests import no_requests
    from captools.views.text import safe, table

    analysis = asked.load()

    def text() -> str:
        if not analysis.requests:
            return f"{safe(no_requests(analysis))}\n`captools paths` shows the connections."
        notes = [f"{tables.clock(one.ts_ns)}  {one.note}" for one in analysis.requests if one.note]
        return "\n".join([table(tables.REQUESTS, tables.requests(analysis)), *(["", *notes] if notes else [])])

    document = documents.requests(analysis)
    shown.emit(document, document["requests"], text)
