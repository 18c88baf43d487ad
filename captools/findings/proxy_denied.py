"""proxy-denied: a proxy refused requests by policy: it answered 403 itself and asked no backend (cilium/proxy, l7policy)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from captools.findings._words import MAX_FRAMES, counted, gathered, listed, named
from captools.model.analysis import Analysis
from captools.model.cluster import AddressKind
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.hubble import HubbleFlow
from captools.model.requests import ClientLeg, Request

FORBIDDEN = 403  # RFC 9110, section 15.5.4: what Envoy's policy filters answer with
_MOST_PATHS = 4


def _judge(analysis: Analysis) -> Iterator[Finding]:
    groups: dict[tuple[str, str, int], list[tuple[ClientLeg, Request]]] = defaultdict(list)
    for request in analysis.requests:
        leg = request.client_leg
        if leg is not None and request.answered_by == "proxy" and request.status == FORBIDDEN:
            node = request.proxy.node if request.proxy else None
            groups[node or "", leg.dst, leg.dport].append((leg, request))
    told = _told_by_hubble(analysis)
    for (node, address, port), denied in groups.items():
        yield _finding(analysis, node, address, port, denied, told)
    seen = {ends for denied in groups.values() for leg, _ in denied for ends in _called_by_hubble(analysis, leg)}
    unseen: dict[str, list[HubbleFlow]] = defaultdict(list)
    for ends, event in told.items():
        if ends not in seen:
            unseen[event.url.partition("://")[2].partition("/")[0]].append(event)
    for host, events in unseen.items():
        yield _of_hubble(host, events)


def _told_by_hubble(analysis: Analysis) -> dict[tuple[str, int | None], HubbleFlow]:
    """Return requests that a proxy denied by Hubble's word (``http-request DROPPED``), by the client's address and port."""
    return {
        (one.src.name, one.src.port): one
        for one in analysis.cluster.hubble
        if one.verdict == "DROPPED" and one.kind == "http-request"
    }


def _called_by_hubble(analysis: Analysis, leg: ClientLeg) -> tuple[tuple[str, int | None], ...]:
    """Return what Hubble may call a client's end: by its address, or by its pod's name."""
    pod = analysis.cluster.pod_of(leg.src)
    return ((leg.src, leg.sport), (pod.full_name, leg.sport)) if pod is not None else ((leg.src, leg.sport),)


def _of_hubble(host: str, events: Sequence[HubbleFlow]) -> Finding:
    """Return what Hubble alone tells: no packet shows that these requests were denied."""
    first, many = events[0], len(events) > 1
    asked = listed((f"{one.method} {one.url} of {one.src.name}, {one.time}" for one in events), _MOST_PATHS)
    lines: dict[str, list[str]] = defaultdict(list)
    for one in events[:_MOST_PATHS]:
        lines[PurePath(one.file).name].append(str(one.line))
    where = listed(f"{name}, line{'s' if len(on) > 1 else ''} {listed(on)}" for name, on in lines.items())
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.LIKELY,
        statement=(
            f"By Hubble's word a proxy denied {counted(len(events), 'request')} for {host or 'an unknown host'}, which no packet "
            f"here shows: {asked} ({where})."
        ),
        subject={
            "src": None if many else first.src.name, "dport": first.dst.port, "proto": "tcp", "node": first.node or None,
            "name": first.dst.name,
        },
        coverage=Coverage(reason=f"http-request DROPPED: {where}"),
        remedy=(
            "kubectl get ciliumclusterwidenetworkpolicies,ciliumnetworkpolicies -A -o yaml: one that selects "
            "reserved:ingress or the backend must allow these clients; hubble observe --type l7 --verdict DROPPED follows it"
        ),
    )  # fmt: skip


def _finding(
    analysis: Analysis,
    node: str,
    address: str,
    port: int,
    denied: Sequence[tuple[ClientLeg, Request]],
    told: Mapping[tuple[str, int | None], HubbleFlow],
) -> Finding:
    cluster, requests = analysis.cluster, [request for _, request in denied]
    clients = list(dict.fromkeys(request.client for request in requests))
    where = named(cluster, address, port=port)
    asked = [f"{one.method} {one.host}{one.path}" for one in requests]
    many = len(requests) > 1
    pod = cluster.pod_of(address)
    role = "on the way to" if pod else "that serves"
    statement = (
        f"The proxy{f' on {node}' if node else ''} {role} {where} answered {counted(len(requests), 'request')} of "
        f"{listed(named(cluster, one) for one in clients)} with 403 itself ({listed(asked, _MOST_PATHS)}), as it "
        f"does where a policy denies {'them' if many else 'it'}: no backend was asked. "
        f"{_others(analysis, address, port, set(clients))}"
    )
    if any(ends in told for leg, _ in denied for ends in _called_by_hubble(analysis, leg)):
        statement = f"{statement.strip()} Hubble says so too: http-request DROPPED."
    worst = max((request.confidence for request in requests), key=list(Confidence).index)
    points = dict.fromkeys(point for leg, _ in denied for point in leg.points)
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=worst,
        statement=statement.strip(),
        subject={
            "src": clients[0] if len(clients) == 1 else None, "dst": address, "dport": port, "proto": "tcp",
            "node": node or None, "vip": address if cluster.kind(address) is AddressKind.VIP else None,
            "name": cluster.name(address, port=port) or None,
        },
        evidence=gathered(proof for request in requests[:MAX_FRAMES] for proof in request.evidence),
        coverage=Coverage(points=tuple(points), reason=requests[0].note),
        remedy=(
            f"{_on(node)}cilium-dbg monitor --type l7 (or hubble observe --type l7 --verdict DROPPED) names the policy; then "
            "kubectl get ciliumclusterwidenetworkpolicies,ciliumnetworkpolicies -A -o yaml: one that selects "
            f"{pod.full_name if pod else 'reserved:ingress'} or {'its client' if pod else 'the backend'} must allow "
            f"{listed(asked[:1])} of {listed(clients)}"
        ),
    )  # fmt: skip


def _on(node: str) -> str:
    return f"in the Cilium agent of {node}: " if node else "in the Cilium agent of the proxy's node: "


def _others(analysis: Analysis, address: str, port: int, denied: set[str]) -> str:
    """Say which requests to the same address passed: that tells what the policy looks at."""
    passed = [
        one
        for one in analysis.requests
        if (leg := one.client_leg) is not None
        and (leg.dst, leg.dport) == (address, port)
        and one.answered_by == "backend"
    ]
    others = list(dict.fromkeys(one.client for one in passed if one.client not in denied))
    if others:
        return f"Requests of {listed(named(analysis.cluster, one) for one in others)} to the same address passed."
    own = [f"{one.method} {one.host}{one.path}" for one in passed if one.client in denied]
    return f"Other requests of the same client passed ({listed(own, _MOST_PATHS)})." if own else ""


RULE = FindingRule(
    id="proxy-denied",
    severity=Severity.WARNING,
    title="A proxy refused requests by policy",
    judge=_judge,
)
