"""Which source addresses a proxy used towards which backends, and which Linux would choose: shared by rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from captools.findings._words import MAX_FRAMES, counted, gathered, listed
from captools.model.analysis import Analysis
from captools.model.cluster import Node
from captools.model.evidence import Confidence, Coverage, Evidence
from captools.model.findings import Finding, FindingRule
from captools.model.requests import Attempt, Request

_NEVER_CHOSEN = ("127.", "169.254.", "::1", "fe80:")  # of narrower scope than the address that is asked


@dataclass(frozen=True, slots=True)
class Use:
    """One attempt of one request."""

    request: Request
    attempt: Attempt


def uses(analysis: Analysis, wanted: Callable[[Request, Attempt], bool]) -> Iterator[list[Use]]:
    """Return the attempts that ``wanted`` picks, grouped by proxy node, source address and backend node."""
    groups: dict[tuple[str, str, str], list[Use]] = defaultdict(list)
    for request in analysis.requests:
        for attempt in request.attempts:
            if request.proxy is not None and wanted(request, attempt):
                key = request.proxy.node or "", attempt.src, attempt.backend.node or ""
                groups[key].append(Use(request, attempt))
    yield from groups.values()


def finding(rule: FindingRule, group: list[Use], why: str) -> Finding:
    """Return the note that tells one such use of a source address, and why it is right."""
    first = group[0]
    node = first.request.proxy.node if first.request.proxy else None
    pods = listed(use.attempt.backend.pod or use.attempt.backend.ip for use in group)
    worst = max((use.request.confidence for use in group), key=list(Confidence).index)
    statement = (
        f"The proxy on {node or 'an unknown node'} asked {pods} on {first.attempt.backend.node or 'an unknown node'} from "
        f"{first.attempt.src} in {_often(group)}: {why}. {_clients(group)}"
    )
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        confidence=worst,
        statement=statement,
        subject={"src": first.attempt.src, "dst": first.attempt.dst, "dport": first.attempt.dport, "node": node,
                 "pod": first.attempt.backend.pod, "proto": "tcp"},
        evidence=_backend_proof(group),
        coverage=Coverage(points=tuple(dict.fromkeys(point for use in group for point in use.attempt.points))),
    )  # fmt: skip


def local_source(node: Node, address: str) -> tuple[str, str]:
    """Return the source that a node's own tables give an unbound socket towards ``address``, and why, as a clause.

    The route names it; or else it is the first address of the interface it leaves by, or of the first interface that
    has one (the kernel's inet_select_addr). Empty where the tables are not known.
    """
    route = node.route_to(address)
    if route is None or not route.dev:
        return "", ""
    where = f"{node.name}'s route {route.prefix} dev {route.dev}"
    if route.src:
        return route.src, f"{where} names that source"
    links = sorted(node.links, key=lambda link: (link.name != route.dev, link.index))
    for link in links:
        for own in link.addresses:
            if (":" in own) == (":" in address) and not own.startswith(_NEVER_CHOSEN):
                first = "the address" if link.name == route.dev else "the node's first address, that"
                return own, f"{where} names no source, so that Linux took {first} of {link.name}"
    return "", ""


def _clients(group: list[Use]) -> str:
    """Say who asked, and whether the backend can know."""
    clients = list(dict.fromkeys(use.request.client for use in group))
    who = f"The client was {clients[0]}" if len(clients) == 1 else f"The clients were {listed(clients)}"
    if not all(use.request.client_by_packets for use in group):
        return f"{who}, as X-Forwarded-For alone tells: not all packets of the clients themselves were captured."
    told = all(use.request.xff_agrees for use in group)
    return f"{who}; the backend can tell only by X-Forwarded-For." if told else f"{who}."


def _often(group: list[Use]) -> str:
    """Count requests, and the attempts of them where some were repeated."""
    requests = len({id(use.request) for use in group})
    text = counted(requests, "request")
    return text if requests == len(group) else f"{counted(len(group), 'attempt')} of {text}"


def _backend_proof(group: list[Use]) -> tuple[Evidence, ...]:
    return gathered(one for use in group[:MAX_FRAMES] for one in use.attempt.evidence)
