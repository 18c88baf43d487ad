"""The requests: one row each, the whole story of the chosen one below, its ladder on enter."""

from __future__ import annotations

from rich.text import Text

from captools.views.request_ladder import ladder_of_request
from captools.views.request_rows import RequestRow, request_row
from tui.cells import cell, evidence_lines, facts, status_cell
from tui.messages import LadderWanted
from tui.screens.table_view import TableView
from tui.widgets.records import Record


class RequestsScreen(TableView):
    """Client leg and backend leg of every HTTP request, joined."""

    TITLE_OF_VIEW = "Requests"
    NOUN = "Requests"
    EMPTY = (
        "No HTTP request was found in clear text, neither HTTP/1 nor HTTP/2.\n\nBehind TLS there may be some all the "
        "same: capture at the pods' own interfaces\n(captools capture --role pods), where a proxy that ends TLS speaks "
        "plain HTTP."
    )

    def columns(self, wide: bool) -> tuple[str, ...]:
        """Eight columns fit 80 characters, twelve fit 120."""
        if wide:
            return ("time", "method", "path", "st", "client", "XFF", "proxy", "source", "backend", "gateway", "total")
        return ("time", "method", "path", "st", "source", "backend", "gateway")

    def records(self, wide: bool) -> list[Record]:
        """Return one record per request."""
        made = []
        for request in self.analysis.requests:
            row = request_row(request)
            status = status_cell(request.status)
            cells: tuple[Text, ...]
            if wide:
                cells = (
                    cell(row.time, 12), cell(row.method, 7), cell(request.path, 18), status, cell(row.client, 15),
                    cell(_xff(row), 4), cell(row.proxy, 9), cell(_source(row), 16),
                    cell(_backend(row), 16), cell(row.gateway, 8), cell(row.total, 8),
                )  # fmt: skip
            else:
                cells = (
                    cell(row.time[:8], 8), cell(row.method, 7), cell(request.path, 15), status,
                    cell(_source(row), 9), cell(_backend(row), 16), cell(row.gateway, 8),
                )  # fmt: skip
            words = " ".join(
                (row.method, row.target, row.status, row.client, row.xff, row.proxy, row.source, row.source_kind,
                 row.backend, row.backend_node, request.request_id or "")
            )  # fmt: skip
            made.append(Record(cells=cells, words=words))
        return made

    def detail(self, index: int) -> Text:
        """Return everything about one request."""
        request = self.analysis.requests[index]
        row = request_row(request)
        text = facts(
            [
                ("request", f"{row.method} {row.target}"),
                ("client", f"{row.client}   X-Forwarded-For {row.xff} (names the client: {row.xff_agrees})"),
                ("proxy", f"on {row.proxy}, towards the backend from {row.source} ({row.source_kind})"),
                ("backend", f"{row.backend} on {row.backend_node}" if request.backend else "none"),
                ("time", f"gateway {row.gateway}, total {row.total}"),
                ("request id", request.request_id),
                ("note", row.note),
                ("confidence", request.confidence.value),
            ]
        )
        for one in request.evidence:
            text.append_text(evidence_lines(one))
        return text

    def open(self, index: int) -> None:
        """Open the ladder of one request, or say why there is none."""
        request = self.analysis.requests[index]
        ladder = ladder_of_request(request, self.analysis)
        if ladder is None:
            self.notify("The packets of this request were not seen as a flow at any point, so there is no ladder.")
            return
        self.post_message(LadderWanted(ladder, f"{request.method} {request.path}"))


def _xff(row: RequestRow) -> str:
    """Return yes, no or none: does X-Forwarded-For name the client?"""
    return row.xff_agrees.partition(",")[0] if row.xff != "-" else "none"


def _source(row: RequestRow) -> str:
    return row.source_kind.removesuffix(" address")


def _backend(row: RequestRow) -> str:
    """Return the pod without its namespace: the end of its name tells pods of one deployment apart."""
    return row.backend.rpartition("/")[2]
