"""One row of text per request: who asked, what X-Forwarded-For says, which address the backend saw, who served."""

from __future__ import annotations

from dataclasses import dataclass

from captools.model.requests import Request
from captools.model.units import duration, rfc3339
from captools.views.request_notes import request_notes

SOURCE_KINDS = {
    "ingress": "ingress address", "node": "node address", "cilium-host": "cilium_host address",
    "pod": "pod address", "other": "other",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """The cells of one request, raw (the edge that shows them makes them printable)."""

    time: str
    method: str
    target: str
    status: str
    client: str
    xff: str
    xff_agrees: str
    proxy: str
    source: str
    source_kind: str
    backend: str
    backend_node: str
    gateway: str
    total: str
    note: str


def xff_agreement(request: Request) -> str:
    """Tell whether X-Forwarded-For names the client that captools saw.

    A proxy that trusts nobody appends its peer last; entries before it were sent by the client and prove nothing.
    """
    if not request.xff:
        return "no header seen"
    if request.client_leg is None:
        return "client leg not captured"
    named = request.xff[-1].strip() == request.client
    if not named and not request.xff_agrees:
        return "no"
    extra = len(request.xff) - 1
    yes = "yes" if named else "yes, as translated on the way"
    return yes if not extra else f"{yes}, after {extra} claimed by the client"


def request_row(request: Request) -> RequestRow:
    """Return the row of one request; what is not known is a dash."""
    proxy, backend = request.proxy, request.backend
    return RequestRow(
        time=rfc3339(request.ts_ns)[11:23] if request.ts_ns else "-", method=request.method,
        target=f"{request.host}{request.path}", status="-" if request.status is None else str(request.status),
        client=request.client or "-", xff=", ".join(request.xff) or "-", xff_agrees=xff_agreement(request),
        proxy=(proxy.node if proxy else None) or "-", source=(proxy.source_address if proxy else "") or "-",
        source_kind=SOURCE_KINDS.get(proxy.source_kind, proxy.source_kind) if proxy and proxy.source_address else "-",
        backend=(backend.pod or backend.ip) if backend else "-",
        backend_node=(backend.node if backend else None) or "-",
        gateway=duration(request.gateway_ns), total=duration(request.total_ns), note="; ".join(request_notes(request)),
    )  # fmt: skip
