"""Which backend served which host, path and header: requests put together by what they asked for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from captools.correlate.requests.rules import Chosen, Rules, TargetShare, asked_about
from captools.model.addresses import endpoint
from captools.model.analysis import Analysis
from captools.model.requests import Request

_Told = tuple[Request, Chosen | None]
HEADER = ("host", "asked for", "with", "requests", "status", "served by", "rule", "goes to", "as configured")
_MOST_PATHS = 3
MOST_CELL = 120  # characters: two backends with their nodes and counts
_FEW = 3  # requests; of more, a value that is another one in each says nothing about routes
# What differs from request to request for reasons of its own.
_OWN = frozenset({
    "host", "content-length", "date", "x-request-id", "x-correlation-id", "traceparent", "tracestate", "x-b3-traceid",
    "x-b3-spanid", "x-amzn-trace-id", "x-forwarded-for", "forwarded", "x-envoy-expected-rq-timeout-ms",
    "x-envoy-attempt-count", "connection", "user-agent", "accept-encoding", "content-type", "cookie",
})  # fmt: skip
PROXY, UNKNOWN = "the proxy itself", "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """Requests that asked for the same, or fall under the same rule, and who served them.

    ``asked_with`` are headers and query parameters in which requests for a host differ, or which its rules look at.
    ``served`` counts answers by who gave them, ``statuses`` by status; ``rule`` is empty where no one is known.
    ``as_configured`` tells whether only Services of the rule served; None where that is not known.
    """

    host: str
    asked: tuple[str, ...]  # method and path each
    asked_with: tuple[str, ...]
    requests: int
    statuses: tuple[tuple[str, int], ...]
    served: tuple[tuple[str, int], ...]
    rule: str
    goes_to: tuple[str, ...]
    as_configured: bool | None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "host": self.host, "asked": list(self.asked), "with": list(self.asked_with), "requests": self.requests,
            "statuses": [{"status": status, "requests": count} for status, count in self.statuses],
            "served": [{"by": by, "requests": count} for by, count in self.served],
            "rule": self.rule, "goes_to": list(self.goes_to), "as_configured": self.as_configured,
        }  # fmt: skip


def routing(analysis: Analysis) -> tuple[Routed, ...]:
    """Return the requests of an analysis by route, those of one host together, in the order in which they came."""
    rules = Rules(analysis.cluster)
    hosts: dict[tuple[str, str], list[Request]] = defaultdict(list)
    for request in analysis.requests:
        hosts[request.client_leg.dst if request.client_leg else "", request.host].append(request)
    return tuple(row for group in hosts.values() for row in _host(rules, group))


def _host(rules: Rules, requests: Sequence[Request]) -> Iterable[Routed]:
    """Yield the rows of one host: one for each rule; without rules, one for paths that were served alike."""
    routes = rules.routes(requests[0].client_leg, requests[0].host)
    wanted = list(dict.fromkeys(asked_about(routes))) if routes else _differing(requests)
    paths: dict[tuple[object, ...], list[_Told]] = defaultdict(list)
    for request in requests:
        chosen = rules.chosen(request)
        told: object = str(chosen) if chosen else (request.method, _path(request), request.status)
        paths[told, _values(request, wanted)].append((request, chosen))
    merged: dict[tuple[object, ...], list[_Told]] = defaultdict(list)
    for (told, values), group in paths.items():
        request, chosen = group[0]
        alike: object = told if chosen else (request.status, frozenset(_server(one) for one, _ in group))
        merged[alike, values].extend(group)
    for group in merged.values():
        yield _row(rules, group, wanted)


def _row(rules: Rules, group: Sequence[_Told], wanted: Sequence[tuple[str, str]]) -> Routed:
    requests, (first, chosen) = [one for one, _ in group], group[0]
    shares = rules.shares(chosen.rule) if chosen else ()
    statuses = Counter(str(one.status) if one.status is not None else "no answer" for one in requests)
    return Routed(
        host=first.host,
        asked=tuple(dict.fromkeys(f"{one.method} {_path(one)}" for one in requests)),
        asked_with=_values(first, wanted),
        requests=len(requests),
        statuses=tuple(statuses.most_common()),
        served=tuple(Counter(_server(one) for one in requests).most_common()),
        rule=str(chosen) if chosen else "no rule fits" if rules.knows(first.client_leg) else "",
        goes_to=tuple(_target(one, len(shares)) for one in shares),
        as_configured=_as_configured(rules, requests, chosen),
    )


def _as_configured(rules: Rules, requests: Sequence[Request], chosen: Chosen | None) -> bool | None:
    if chosen is None:
        return None
    seen = {rules.as_configured(chosen, one.backend.ip) for one in requests if one.backend is not None}
    if False in seen:
        return False
    return True if seen == {True} else None


def _server(request: Request) -> str:
    """Return who gave the answer."""
    if request.answered_by == "proxy":
        return PROXY
    backend = request.backend
    if backend is None:
        return UNKNOWN
    name = backend.pod or endpoint(backend.ip, backend.port)
    return f"{name} on {backend.node}" if backend.node else name


def _path(request: Request) -> str:
    return request.path.partition("?")[0]


def _query(request: Request) -> dict[str, str]:
    pairs = parse_qsl(request.path.partition("?")[2], keep_blank_values=True)
    return dict(reversed(pairs))


def _values(request: Request, wanted: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return what a request has of the headers and query parameters that are looked at."""
    if not wanted:
        return ()
    found = {"header": request.headers(), "query": _query(request)}
    return tuple(
        f"{name}: {found[kind][name]}" if kind == "header" else f"?{name}={found[kind][name]}"
        for kind, name in wanted
        if name in found[kind]
    )


def _differing(requests: Sequence[Request]) -> list[tuple[str, str]]:
    """Return the headers and query parameters in which requests for one path differ, where some values come again."""
    paths: dict[str, list[Request]] = defaultdict(list)
    for one in requests:
        paths[f"{one.method} {_path(one)}"].append(one)
    found: dict[tuple[str, str], None] = {}
    for group in paths.values():
        for kind, parts in (("header", [one.headers() for one in group]), ("query", [_query(one) for one in group])):
            for name in dict.fromkeys(name for part in parts for name in part if name not in _OWN):
                values = {part.get(name) for part in parts}
                if len(values) > 1 and (len(values) < len(group) or len(group) <= _FEW):
                    found[kind, name] = None
    return list(found)


def rule_words(analysis: Analysis, request: Request) -> str:
    """Say which rule a request falls under, where it sends to, and whether that was kept; empty where none is known."""
    rules = Rules(analysis.cluster)
    chosen = rules.chosen(request)
    if chosen is None:
        return ""
    targets = " or ".join(_target(one, len(chosen.rule.targets)) for one in rules.shares(chosen.rule))
    backend = request.backend
    kept = backend is None or rules.as_configured(chosen, backend.ip) is not False
    return f"{chosen}, to {targets or 'no Service'}" + ("" if kept else "; the backend is none of those")


def _target(one: TargetShare, of: int) -> str:
    return one.target.full_name + (f" {one.fraction:.0%}" if of > 1 else "")


def table_of(routed: Sequence[Routed]) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return header and rows of a table; what rules say is left out where none is known."""
    shown = len(HEADER) if any(one.rule for one in routed) else HEADER.index("rule")
    return HEADER[:shown], [_cells(one)[:shown] for one in routed]


def _cells(one: Routed) -> tuple[object, ...]:
    return (
        one.host, _listed(one.asked), ", ".join(one.asked_with), one.requests, _counted(one.statuses, one.requests),
        _counted(one.served, one.requests), one.rule, ", ".join(one.goes_to),
        {True: "yes", False: "no", None: ""}[one.as_configured],
    )  # fmt: skip


def _listed(asked: Sequence[str]) -> str:
    more = len(asked) - _MOST_PATHS
    return ", ".join(asked[:_MOST_PATHS]) + (f" and {more} more" if more > 0 else "")


def _counted(counts: Sequence[tuple[str, int]], total: int) -> str:
    """Return one word alone, or several with how often each was the one."""
    if len(counts) == 1 and counts[0][1] == total:
        return counts[0][0]
    return ", ".join(f"{word} ({count})" for word, count in counts)
