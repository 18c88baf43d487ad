"""rate-limited: requests were answered 429, by the proxy itself or by a backend (RFC 6585, section 4).

Cilium's Envoy limits by a token bucket of its own on every node (local_ratelimit): requests pass while it holds tokens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from captools.findings._words import counted, gathered, listed, named, typed
from captools.model.analysis import Analysis
from captools.model.cluster import AddressKind
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.requests import Request

TOO_MANY = 429
_Place = tuple[str, int, str]  # address and port that were asked, and the host


def _judge(analysis: Analysis) -> Iterator[Finding]:
    asked: dict[_Place, list[Request]] = defaultdict(list)
    for request in analysis.requests:
        asked[_place(request)].append(request)
    for place, requests in asked.items():
        refusers = dict.fromkeys(_refuser(one) for one in requests if one.status == TOO_MANY)
        for refuser in refusers:
            yield _finding(analysis, place, requests, refuser)


def _place(request: Request) -> _Place:
    leg = request.client_leg
    if leg is not None:
        return leg.dst, leg.dport, request.host
    return (request.backend.ip, request.backend.port, request.host) if request.backend else ("", 0, request.host)


def _refuser(request: Request) -> tuple[str, str, str]:
    """Return who refused: proxy, backend or unknown, its node, and the backend's name."""
    node = request.proxy.node if request.proxy else None
    backend = request.backend
    if request.answered_by == "backend" and backend is not None:
        return "backend", backend.node or "", backend.pod or backend.ip
    return ("proxy" if request.answered_by == "proxy" else "unknown"), node or "", ""


def _finding(analysis: Analysis, place: _Place, requests: Sequence[Request], refuser: tuple[str, str, str]) -> Finding:
    by, node, pod = refuser
    refused = [one for one in requests if one.status == TOO_MANY and _refuser(one) == refuser]
    cluster, (address, port, host) = analysis.cluster, place
    clients = list(dict.fromkeys(one.client for one in refused))
    where = f" at {named(cluster, address, port=port)}" if address and address != host else ""
    many = len(refused) > 1
    who = {
        "proxy": f"by the proxy itself{f' on {node}' if node else ''}, so that no backend was asked",
        "backend": f"by the backend {pod}{f' on {node}' if node else ''}; no proxy refused {'them' if many else 'it'}",
        "unknown": f"by whom is not known ({refused[0].note})",
    }[by]
    statement = (
        f"{len(refused):,} of {counted(len(requests), 'request')} for {host or 'no host'}{where} "
        f"{'were' if many else 'was'} answered 429 (too many requests) {who}. {_before(requests, refused)}"
        f"The client{'s were' if len(clients) > 1 else ' was'} {listed(named(cluster, one) for one in clients)}."
    )
    points = dict.fromkeys(point for one in refused for point in (one.client_leg.points if one.client_leg else ()))
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=_confidence(by, refused),
        statement=statement,
        subject={
            "src": clients[0] if len(clients) == 1 else None, "dst": address or None, "dport": port or None,
            "proto": "tcp", "node": node or None, "pod": pod or None,
            "vip": address if cluster.kind(address) is AddressKind.VIP else None, "name": host,
        },
        evidence=gathered(proof for one in refused for proof in one.evidence),
        coverage=Coverage(points=tuple(points), reason=refused[0].note),
        remedy=_remedy(by, node, pod, host),
    )  # fmt: skip


def _confidence(by: str, refused: Sequence[Request]) -> Confidence:
    """The answers are facts; who gave them is as sure as the join is."""
    if by == "unknown":
        return Confidence.LIKELY
    return max((one.confidence for one in refused), key=list(Confidence).index)


def _before(requests: Sequence[Request], refused: Sequence[Request]) -> str:
    """Say how many passed before the first refusal and after it: a bucket that is not refilled lets none."""
    first = refused[0].ts_ns
    answered = [one for one in requests if one.status not in (None, TOO_MANY)]
    passed = [one for one in answered if one.answered_by != "proxy"]
    before = sum(1 for one in passed if one.ts_ns < first)
    after = len(passed) - before
    if not passed:
        return "None was seen to pass. "
    if not after and len(passed) == len(answered):
        return f"In order, the first {before} passed and all that followed did not. "
    more = f", {after} later" if after else ", none later"
    return f"{before} passed before the first 429{more}. "


def _remedy(by: str, node: str, pod: str, host: str) -> str:
    if by == "backend":
        return f"the limit is the application's own: kubectl logs {_target(pod)}"
    envoys = f" (on {node})" if node else ""
    where = (
        "kubectl get ciliumenvoyconfigs,ciliumclusterwideenvoyconfigs -A -o yaml shows the limit (token_bucket: max_tokens, "
        f"tokens_per_fill, fill_interval) on the route of {host or 'this host'}; each Envoy{envoys} counts for itself"
    )
    return where if by == "proxy" else f"capture the proxy's node and the backends' too; then {where}"


def _target(pod: str) -> str:
    namespace, slash, name = pod.partition("/")
    return f"-n {typed(namespace)} {typed(name)}" if slash else f"of the pod with the address {pod}"


RULE = FindingRule(
    id="rate-limited",
    severity=Severity.WARNING,
    title="Requests were refused because there were too many",
    judge=_judge,
)
