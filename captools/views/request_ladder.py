"""The ladder of one request: its client leg and its backend leg, joined at the proxy."""

from __future__ import annotations

from dataclasses import replace

from captools.model.analysis import Analysis
from captools.model.paths import Change, Outcome, Path, Way
from captools.model.requests import Attempt, ClientLeg, Request
from captools.model.units import duration
from captools.views.ladder import Ladder, Leg, build, legs_of_path


def path_of_leg(leg: ClientLeg | Attempt | None, paths: tuple[Path, ...]) -> Path | None:
    """Return the path whose flow, or whose packet at some hop, has the addresses and ports of ``leg``.

    A port pair is used again after a while: the flow's own addresses win over a hop's.
    """
    if leg is None:
        return None
    wanted = (leg.src, leg.sport, leg.dst, leg.dport)
    for path in paths:
        flow = path.flow
        if (flow.src, flow.sport, flow.dst, flow.dport) == wanted:
            return path
    for path in paths:
        if any((hop.src, hop.sport, hop.dst, hop.dport) == wanted for hop in path.ways(Way.FORWARD)):
            return path
    return None


def ladder_of_request(request: Request, analysis: Analysis) -> Ladder | None:
    """Return the ladder of a request, or None where no path of either leg was followed.

    The two legs are two connections, and proxies keep theirs open: no time is shown from one leg to the other.
    """
    client = path_of_leg(request.client_leg, analysis.paths)
    backend = path_of_leg(request.backend_leg, analysis.paths)
    if client is None and backend is None:
        return None
    title = f"{request.method} {request.host}{request.path}"
    subtitle = _subtitle(request)
    joined = client is not None and any(hop.change is Change.PROXIED for hop in client.hops)
    if client is not None and (backend is None or backend is client or joined):
        return build(title, subtitle, legs_of_path(client), client)
    if backend is None:
        return None
    if client is None:
        return build(title, subtitle, legs_of_path(backend, "backend leg, "), backend)
    worst = client if client.outcome is not Outcome.DELIVERED else backend
    return build(title, subtitle, _join(client, backend, request), worst)


def _join(client: Path, backend: Path, request: Request) -> tuple[Leg, ...]:
    first, second = legs_of_path(client, "client leg, "), legs_of_path(backend, "backend leg, ")
    out = [leg for leg in (*first, *second) if leg.way is Way.FORWARD]
    back = [leg for leg in (*second, *first) if leg.way is Way.REPLY]
    legs = [*out, *back]
    first_of_backend = next((leg for leg in second if leg.way is Way.FORWARD), None)
    return tuple(_behind_proxy(leg, request) if leg is first_of_backend else leg for leg in legs)


def _behind_proxy(leg: Leg, request: Request) -> Leg:
    """Say at the backend leg's first sighting that a proxy made it."""
    first = leg.hops[0]
    hop = replace(first, change=Change.PROXIED) if first.change is Change.NONE else first
    return Leg(title=leg.title, way=leg.way, hops=(hop, *leg.hops[1:]), note=_proxy_note(request))


def _proxy_note(request: Request) -> str:
    where = request.proxy.node if request.proxy and request.proxy.node else "an unknown node"
    source = request.proxy.source_address if request.proxy else ""
    spent = f"; time inside the proxy node {duration(request.gateway_ns)}" if request.gateway_ns is not None else ""
    return f"proxy on {where}: its own connection{f' from {source}' if source else ''}{spent}"


def _subtitle(request: Request) -> str:
    parts = [
        f"client {request.client}",
        f"status {request.status}" if request.status is not None else "no answer seen",
        f"backend {request.backend.pod or request.backend.ip}" if request.backend else "no backend",
        f"total {duration(request.total_ns)}" if request.total_ns is not None else "",
    ]
    return ", ".join(part for part in parts if part)
