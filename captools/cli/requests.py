"""captools requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from captools.cli.common import Asked, Shown, format_options, source_options

if TYPE_CHECKING:
    from captools.model.analysis import Analysis


@click.command("requests", epilog="Example: captools requests captures/sessions/20261120T101500Z --format csv")
@source_options
@format_options
@click.option("--by-route", is_flag=True, help="Tell which backend served which host, path and header.")
def command(
    asked: Asked,
    shown: Shown,
    by_route: bool,
) -> None:
    """Join every HTTP request over the client leg and the backend leg of a proxy."""
    from captools.views import documents, tables
    from captools.views.no_requests import no_requests
    from captools.views.request_notes import request_notes, session_notes
    from captools.views.text import safe, table

    analysis = asked.load()
    if by_route:
        _by_route(analysis, shown)
        return

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


def _by_route(analysis: Analysis, shown: Shown) -> None:
    from captools.views import documents
    from captools.views.no_requests import no_requests
    from captools.views.routing import MOST_CELL, routing, table_of
    from captools.views.text import safe, table

    document = documents.routes(analysis)

    def text() -> str:
        routed = routing(analysis)
        if not routed:
            return safe(no_requests(analysis))
        shown = table(*table_of(routed), MOST_CELL)
        if any(one.rule for one in routed):
            return shown
        return (
            f"{shown}\n\nNo HTTPRoute or Ingress is known for these hosts: save kubectl get "
            "gateways,httproutes,tlsroutes,ingresses -A -o json beside the captures (or give it by --inventory), and each "
            "row names its rule."
        )

    shown.emit(document, document["routes"], text)
