"""client-hidden: a proxy asked a backend in a way that does not tell it who the client is (FACTS, section 8).

Passed-on TLS can carry no X-Forwarded-For, some proxies write none, and before some a NAT has replaced the client's
address. Where the proxy writes the client's own, the backend can know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from captools.findings._words import MAX_FRAMES, counted, gathered, listed, named
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence, Coverage, Evidence
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.requests import Request, TlsSession

_Key = tuple[str, str, str]  # the proxy's node, the source that the backend sees, the address that clients called

_OFTEN = "N requests"
_WRITE_HEADER = (
    "let the proxy append the client's address: Envoy's use_remote_address without skip_xff_append (kubectl get "
    "ciliumenvoyconfigs,ciliumclusterwideenvoyconfigs -A -o yaml)"
)
_KEEP_ADDRESS = (
    "externalTrafficPolicy: Local on the proxy's Service (kubectl get services -A -o yaml), or DSR, keeps the client's "
    "address"
)


def _judge(analysis: Analysis) -> Iterator[Finding]:
    sessions: dict[_Key, list[TlsSession]] = defaultdict(list)
    for session in analysis.tls_sessions:
        shown = any(leg.src == session.client_leg.src for leg in session.backend_legs)
        if session.kind == "passthrough" and session.proxy is not None and not shown:
            key = session.proxy.node or "", session.proxy.source_address, session.client_leg.dst
            sessions[key].append(session)
    for passed in sessions.values():
        yield _of_sessions(analysis, passed)
    requests: dict[tuple[_Key, str], list[Request]] = defaultdict(list)
    for request in analysis.requests:
        why = _why(request) if request.proxy is not None and request.attempts else ""
        if why and request.proxy is not None and request.client_leg is not None:
            key = request.proxy.node or "", request.attempts[-1].src, request.client_leg.dst
            requests[key, why].append(request)
    for (_, why), group in requests.items():
        yield _of_requests(analysis, group, why)


def _why(request: Request) -> str:
    """Return why a backend cannot know the client, as a clause that leaves room for how often; empty where it can."""
    if any(attempt.src == request.client or not attempt.whole for attempt in request.attempts):
        return ""
    if not request.xff and request.client_by_xff is None:
        return f"the proxy sent {_OFTEN} on without X-Forwarded-For or another header for it"
    named_by_nat = request.xff_agrees and request.client_by_xff != request.client_by_packets
    if named_by_nat and request.client not in request.xff:
        return (
            f"X-Forwarded-For in {_OFTEN} names {request.client_by_xff}: a NAT before the proxy put that in its place"
        )
    return ""


def _of_sessions(analysis: Analysis, group: list[TlsSession]) -> Finding:
    first, legs = group[0], [leg for session in group for leg in session.backend_legs]
    assert first.proxy is not None
    clients = list(dict.fromkeys(session.client_leg.src for session in group))
    sure = all(session.same_bytes for session in group)
    names = listed(session.client_leg.sni or "no name" for session in group)
    doubt = "" if sure else " Only a PROXY header before the TLS could name it, and whether there is one was not read."
    return _finding(
        analysis,
        clients,
        pods=listed(leg.backend.pod or leg.backend.ip for leg in legs),
        source=first.proxy.source_address,
        node=first.proxy.node,
        why=f"the TLS of {counted(len(group), 'connection')} for {names} was passed on unopened, so that no "
        f"X-Forwarded-For could be written.{doubt}",
        confidence=Confidence.PROVEN if sure else Confidence.LIKELY,
        subject={"dst": first.client_leg.dst, "dport": first.client_leg.dport, "name": first.client_leg.sni},
        proof=Coverage(points=tuple(dict.fromkeys(point for leg in legs for point in leg.points))),
        evidence=(proof for session in group[:MAX_FRAMES] for proof in session.evidence),
        remedy="end TLS at the gateway (mode: Terminate) where backends must know their clients: then X-Forwarded-For "
        "names them; kubectl get tlsroutes,gateways -A -o yaml shows who passes TLS on",
    )


def _of_requests(analysis: Analysis, group: list[Request], why: str) -> Finding:
    first = group[0]
    assert first.proxy is not None and first.client_leg is not None
    tries = [attempt for request in group for attempt in request.attempts]
    return _finding(
        analysis,
        list(dict.fromkeys(request.client for request in group)),
        pods=listed(one.backend.pod or one.backend.ip for one in tries),
        source=tries[-1].src,
        node=first.proxy.node,
        why=f"{why.replace(_OFTEN, counted(len(group), 'request'))}.",
        confidence=max((request.confidence for request in group), key=list(Confidence).index),
        subject={"dst": first.client_leg.dst, "dport": first.client_leg.dport, "name": first.host},
        proof=Coverage(points=tuple(dict.fromkeys(point for one in tries for point in one.points))),
        evidence=(proof for request in group[:MAX_FRAMES] for proof in request.evidence),
        remedy=_KEEP_ADDRESS if first.client_by_xff else _WRITE_HEADER,
    )


def _finding(
    analysis: Analysis,
    clients: list[str],
    *,
    pods: str,
    source: str,
    node: str | None,
    why: str,
    confidence: Confidence,
    subject: dict[str, object],
    proof: Coverage,
    evidence: Iterable[Evidence],
    remedy: str,
) -> Finding:
    cluster = analysis.cluster
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=confidence,
        statement=(
            f"{pods} cannot know that {listed(named(cluster, one) for one in clients)} asked: the proxy on "
            f"{node or 'an unknown node'} asks from {named(cluster, source, node=node or '')}, and {why}"
        ),
        subject={"src": clients[0] if len(clients) == 1 else None, **subject, "proto": "tcp", "node": node},
        evidence=gathered(evidence),
        coverage=proof,
        remedy=remedy,
    )


RULE = FindingRule(
    id="client-hidden",
    severity=Severity.NOTE,
    title="A backend cannot know its client's address",
    judge=_judge,
)
