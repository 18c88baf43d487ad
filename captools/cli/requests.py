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
    from captools.views.request_notes import request_notes, session_notes
    from captools.views.text import safe, table

    analysis = asked.load()

    def text() -> str:
        sessions = [safe(line) for line in session_notes(analysis)]
        sessions = ["", *sessions] if sessions else []
        if not analysis.requests:
            words = f"{safe(no_requests(analysis))}\n`captools paths` shows the connections."
            return "\n".join([words, *sessions])
        told: dict[str, list[int]] = {}
        for one in analysis.requests:
            told.setdefault("; ".join(request_notes(one)), []).append(one.ts_ns)
        notes = [
            f"{tables.clock(times[0])}{f' and {len(times) - 1:,} more' if len(times) > 1 else ''}  {safe(words)}"
            for words, times in told.items()
            if words
        ]
        shown = table(tables.REQUESTS, tables.requests(analysis))
        return "\n".join([shown, *(["", *notes] if notes else []), *sessions])

    document = documents.requests(analysis)
    shown.emit(document, document["requests"], text)
