"""One request as a story: the client leg, the proxy, the backend leg, each with its path over the points."""

from __future__ import annotations

from captools.model.analysis import Analysis
from captools.model.paths import Path
from captools.model.requests import Attempt, ClientLeg, Request
from captools.model.units import duration
from captools.views.request_notes import request_notes, times
from captools.views.tables import ladder


def through_proxy(analysis: Analysis) -> list[str]:
    """Return the lines for the request that crossed the most points on both legs; say so where there is none."""
    best = max(
        (one for one in analysis.requests if one.client_leg and one.attempts),
        key=lambda one: len(set(one.client_leg.points if one.client_leg else ()) | set(one.attempts[-1].points)),
        default=None,
    )
    return of_request(analysis, best) if best else ["No request through a proxy was captured on both of its legs."]


def of_request(analysis: Analysis, request: Request) -> list[str]:
    """Return one request's lines."""
    scheme = "https" if request.client_leg and request.client_leg.over_tls else "http"
    lines = [f"{request.method} {scheme}://{request.host}{request.path} -> {request.status}, asked by {request.client}"]
    lines += request_notes(request)
    leg = request.client_leg
    if leg is not None:
        lines += ["", f"Client leg {leg.src}:{leg.sport} -> {leg.dst}:{leg.dport}", *_path(analysis, leg)]
    if request.proxy is not None:
        node = request.proxy.node or "an unknown node"
        lines += [
            "",
            f"Proxy on {node}: adds X-Forwarded-For {', '.join(request.xff) or 'nothing'}, request id "
            f"{request.request_id or 'none'}, asks from {request.proxy.source_address} ({request.proxy.source_kind}); "
            f"{duration(request.gateway_ns)} inside the proxy's node of {duration(request.total_ns)} in all"
            f"{f', {times(request)}' if times(request) else ''}",
        ]
    for attempt in request.attempts:
        pod = attempt.backend.pod or attempt.backend.ip
        lines += [
            "",
            f"Backend leg {attempt.src}:{attempt.sport} -> {attempt.dst}:{attempt.dport} ({pod} on "
            f"{attempt.backend.node or 'an unknown node'})",
            *_path(analysis, attempt),
        ]
    return lines


def _path(analysis: Analysis, leg: ClientLeg | Attempt) -> list[str]:
    """Return the ladder of the connection that a leg used."""
    ends = (leg.src, leg.sport, leg.dst, leg.dport)
    path: Path | None = next(
        (
            one
            for one in analysis.paths
            if ends == (one.flow.src, one.flow.sport, one.flow.dst, one.flow.dport)
            or any(ends == (hop.src, hop.sport, hop.dst, hop.dport) for hop in one.hops)
        ),
        None,
    )
    return ladder(analysis, path)[1:] if path else []
