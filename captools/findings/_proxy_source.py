"""Which source addresses a proxy used towards which backends: shared by the snat-* rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from captools.findings._words import counted, listed
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence, Coverage, Evidence
from captools.model.findings import Finding, FindingRule
from captools.model.requests import Attempt, Request


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
    clients = listed(use.request.client for use in group)
    worst = max((use.request.confidence for use in group), key=list(Confidence).index)
    statement = (
        f"The proxy on {node or 'an unknown node'} asked {pods} on {first.attempt.backend.node or 'an unknown node'} from "
        f"{first.attempt.src} in {_often(group)}: {why}. The client was {clients}; the backend can tell "
        "only by X-Forwarded-For."
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


def _often(group: list[Use]) -> str:
    """Count requests, and the attempts of them where some were repeated."""
    requests = len({id(use.request) for use in group})
    text = counted(requests, "request")
    return text if requests == len(group) else f"{counted(len(group), 'attempt')} of {text}"


def _backend_proof(group: list[Use]) -> tuple[Evidence, ...]:
    proof = [one for use in group for one in use.attempt.evidence]
    return tuple(dict.fromkeys(proof))[:12]
