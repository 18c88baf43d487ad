"""The requests: one row each, the client's side and the backend's side of the proxy joined."""

from __future__ import annotations

from captools.model.analysis import Analysis
from captools.report.blocks import Block, Paragraph, Table
from captools.report.document import SectionRule
from captools.views.no_requests import no_requests
from captools.views.request_rows import request_row
from captools.views.routing import routing, table_of

MOST = 500
MOST_ROUTES = 100
COLUMNS = (
    "time (UTC)", "request", "status", "client", "X-Forwarded-For", "names the client", "proxy node",
    "source towards backend", "backend", "gateway time", "total",
)  # fmt: skip
NUMBERS = ("status", "gateway time", "total")
CODE = ("client",)


def build(analysis: Analysis) -> tuple[Block, ...]:
    """Return the table of requests, who served what where there is more than one answer, and notes on some."""
    if not analysis.requests:
        return (Paragraph(text=no_requests(analysis)),)
    rows = []
    notes = []
    for request in analysis.requests[:MOST]:
        row = request_row(request)
        source = row.source if row.source == "-" else f"{row.source} ({row.source_kind})"
        backend = row.backend if row.backend_node == "-" else f"{row.backend} on {row.backend_node}"
        rows.append(
            (
                row.time,
                f"{row.method} {row.target}",
                row.status,
                row.client,
                row.xff,
                row.xff_agrees,
                row.proxy,
                source,
                backend,
                row.gateway,
                row.total,
            )  # fmt: skip
        )
        if row.note:
            notes.append((row.time, f"{row.method} {row.target}", row.note))
    blocks: list[Block] = [
        Paragraph(
            text="Gateway time is the time inside the proxy's node, request plus response side, on that node's one "
            "clock. X-Forwarded-For is what the backend was told; it names the client where its last entry is the "
            "address that the capture shows."
        ),
        Table(
            caption="Requests", columns=COLUMNS, rows=tuple(rows), numbers=NUMBERS, code=CODE,
            more=len(analysis.requests) - len(rows),
        ),
    ]  # fmt: skip
    if notes:
        blocks.append(Table(caption="Notes on requests", columns=("time (UTC)", "request", "why"), rows=tuple(notes)))
    routed = routing(analysis)
    if len(routed) > 1:
        columns, told = table_of(routed[:MOST_ROUTES])
        blocks.append(
            Table(
                caption="Which backend served which host, path and header", columns=columns,
                rows=tuple(tuple("-" if cell in ("", None) else str(cell) for cell in row) for row in told),
                numbers=("requests",), more=max(len(routed) - MOST_ROUTES, 0),
            )
        )  # fmt: skip
    return tuple(blocks)


SECTION = SectionRule(id="requests", title="Requests", order=30, build=build)
