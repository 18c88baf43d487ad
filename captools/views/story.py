"""One request, one conversation or one packet as a story: what it was, its way over the points, the findings about it."""

from __future__ import annotations

from collections.abc import Sequence

from captools.model.analysis import Analysis
from captools.model.findings import Finding
from captools.model.paths import Hop, Path, Way
from captools.model.requests import Attempt, ClientLeg, Request
from captools.model.units import duration
from captools.views.findings import wrapped
from captools.views.passage import passage
from captools.views.path_notes import notes
from captools.views.request_ladder import path_of_leg
from captools.views.request_notes import request_notes, times
from captools.views.routing import rule_words
from captools.views.tables import heading, hop_lines
from captools.views.tcp_words import tcp_words
from captools.views.touching import Frame, proves


def through_proxy(analysis: Analysis) -> list[str]:
    """Return the lines for the request that crossed the most points on both legs; say so where there is none."""
    best = max(
        (one for one in analysis.requests if one.client_leg and one.attempts),
        key=lambda one: len(set(one.client_leg.points if one.client_leg else ()) | set(one.attempts[-1].points)),
        default=None,
    )
    return of_request(analysis, best) if best else ["No request through a proxy was captured on both of its legs."]


def of_request(analysis: Analysis, request: Request) -> list[str]:
    """Return one request's lines: the client leg, the proxy, the backend leg, each with its path over the points."""
    scheme = "https" if request.client_leg and request.client_leg.over_tls else "http"
    status = request.status if request.status is not None else "no answer seen"
    lines = [f"{request.method} {scheme}://{request.host}{request.path} -> {status}, asked by {request.client}"]
    lines += [f"  {note}" for note in request_notes(request)]
    leg = request.client_leg
    if leg is not None:
        ends = f"{_end(analysis, leg.src, leg.sport)} -> {_end(analysis, leg.dst, leg.dport)}"
        lines += ["", f"Client leg {ends}", *_leg(analysis, leg)]
    if request.proxy is not None:
        rule = rule_words(analysis, request)
        lines += ["", _proxy(request), *([f"  routed by {rule}"] if rule else [])]
    for attempt in request.attempts:
        pod = attempt.backend.pod or attempt.backend.ip
        ends = f"{_end(analysis, attempt.src, attempt.sport)} -> {attempt.dst}:{attempt.dport}"
        where = f"{pod} on {attempt.backend.node or 'an unknown node'}"
        lines += ["", f"Backend leg {ends} ({where})", *_leg(analysis, attempt)]
    return lines


def paths_of_request(analysis: Analysis, request: Request) -> tuple[Path, ...]:
    """Return the conversations that carried a request, each once."""
    found = [path_of_leg(leg, analysis.paths) for leg in (request.client_leg, *request.attempts)]
    return tuple({id(path): path for path in found if path is not None}.values())


def of_path(analysis: Analysis, path: Path) -> list[str]:
    """Return one conversation's lines."""
    return [*heading(analysis, path), *_ways(analysis, path)]


def of_packet(analysis: Analysis, hops: tuple[Hop, ...], path: Path | None) -> list[str]:
    """Return the lines for one packet: where it was seen, what was done to it, and what it is part of."""
    lines = ["The way of this packet, over all points:", *_way(analysis, hops)]
    return [*lines, "", "It is part of:", *(f"  {line}" for line in heading(analysis, path))] if path else lines


def path_of_packet(analysis: Analysis, hops: tuple[Hop, ...]) -> Path | None:
    """Return the conversation that a packet belongs to: the last one of these ends that began before it."""
    seen = {(hop.src, hop.sport, hop.dst, hop.dport) for hop in hops if hop.tunnel != "wireguard"}
    seen |= {(dst, dport, src, sport) for src, sport, dst, dport in seen}
    since = min((hop.ts_ns for hop in hops), default=0)
    fitting = [
        path
        for path in analysis.paths
        if (path.flow.src, path.flow.sport, path.flow.dst, path.flow.dport) in seen
        or any((hop.src, hop.sport, hop.dst, hop.dport) in seen for hop in path.hops)
    ]
    return max(fitting, key=lambda one: (one.first_ns <= since, one.first_ns), default=None)


def closing(findings: Sequence[Finding], frames: frozenset[Frame] = frozenset()) -> list[str]:
    """Return the findings that touch a story, each with its next step; those that ``frames`` prove say so."""
    if not findings:
        return ["No finding touches it."]
    lines = ["Findings that touch it:"]
    for one in findings:
        own = "; this frame is part of its proof" if frames and proves(one, frames) else ""
        lines.append(f"  {one.severity.value.upper():8}{one.rule}  ({one.confidence.value}{own})")
        lines += wrapped(one.statement, "    ", "    ")
        if one.remedy:
            lines += wrapped(f"Next: {one.remedy}", "    ", "          ")
    return [*lines, "Their proofs: captools findings SOURCE..."]


def _proxy(request: Request) -> str:
    proxy = request.proxy
    assert proxy is not None
    where, measured = proxy.node or "an unknown node", f", {times(request)}" if times(request) else ""
    if not request.attempts and request.answered_by == "proxy":
        return f"Proxy on {where}: answers itself after {duration(request.total_ns)} and asks no backend"
    time = f"{duration(request.gateway_ns)} inside the proxy's node of {duration(request.total_ns)} in all{measured}"
    return (
        f"Proxy on {where}: {_named_client(request)}, request id {request.request_id or 'none'}, asks from "
        f"{proxy.source_address} ({proxy.source_kind}); {time}"
    )


def _named_client(request: Request) -> str:
    """Say what the proxy made of X-Forwarded-For."""
    if not request.xff:
        return "writes no X-Forwarded-For"
    new = request.xff[len(request.xff_claimed) :]
    if not request.xff_claimed or len(request.xff) < len(request.xff_claimed):
        return f"writes X-Forwarded-For {', '.join(request.xff)}"
    claimed = ", ".join(request.xff_claimed)
    return (
        f"adds {', '.join(new)} to X-Forwarded-For {claimed}"
        if new
        else f"hands X-Forwarded-For {claimed} on as it came"
    )


def _end(analysis: Analysis, address: str, port: int) -> str:
    name = analysis.cluster.name(address)
    return f"{address}:{port}{f' ({name})' if name else ''}"


def _leg(analysis: Analysis, leg: ClientLeg | Attempt) -> list[str]:
    """Return what became of the connection that a leg used."""
    path = path_of_leg(leg, analysis.paths)
    return [*heading(analysis, path)[1:], *_ways(analysis, path)] if path else ["  its connection was not followed"]


def _ways(analysis: Analysis, path: Path) -> list[str]:
    lines: list[str] = []
    for way in (Way.FORWARD, Way.REPLY):
        if path.ways(way):
            lines += [f"  {way.value}:", *_way(analysis, path.ways(way))]
    lines += [f"  TCP: {words}" for words in tcp_words(analysis, path)]
    return lines + [f"  note: {note}" for note in notes(path, analysis.cluster)]


def _way(analysis: Analysis, hops: tuple[Hop, ...]) -> list[str]:
    """Return one packet's ladder, and below it what happened in words."""
    return [*hop_lines(hops), *(f"      {words}" for words in passage(hops, analysis.cluster))]
