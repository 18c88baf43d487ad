"""tls-terminated: a proxy ends its clients' TLS and sends their requests on in clear HTTP."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from captools.findings._words import counted, gathered, listed, named
from captools.model.addresses import endpoint
from captools.model.analysis import Analysis
from captools.model.cluster import AddressKind
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.requests import ClientLeg, Request, TlsSession

_Listener = tuple[str, str, int]  # the proxy's node, and where it listens
_Ends = tuple[str, int, str, int]


def _judge(analysis: Analysis) -> Iterator[Finding]:
    listeners: dict[_Listener, list[TlsSession]] = defaultdict(list)
    for session in analysis.tls_sessions:
        if session.kind == "terminated":
            leg, node = session.client_leg, session.proxy.node if session.proxy else None
            listeners[node or "", leg.dst, leg.dport].append(session)
    requests: dict[_Ends, list[Request]] = defaultdict(list)
    for request in analysis.requests:
        if request.client_leg is not None and request.client_leg.over_tls:
            requests[_ends(request.client_leg)].append(request)
    for listener, sessions in listeners.items():
        inside = [one for session in sessions for one in requests[_ends(session.client_leg)]]
        if inside:
            yield _finding(analysis, listener, sessions, inside)


def _ends(leg: ClientLeg) -> _Ends:
    return leg.src, leg.sport, leg.dst, leg.dport


def _finding(
    analysis: Analysis, listener: _Listener, sessions: Sequence[TlsSession], requests: Sequence[Request]
) -> Finding:
    node, address, port = listener
    cluster, legs = analysis.cluster, [one.client_leg for one in sessions]
    names = list(dict.fromkeys(leg.sni or "no name" for leg in legs))
    backends = [one for request in requests for one in request.attempts]
    behind = listed(
        f"{one.backend.pod or endpoint(one.backend.ip, one.backend.port)}"
        f"{f' on {one.backend.node}' if one.backend.node else ''}"
        for one in backends
    )
    statement = (
        f"The proxy{f' on {node}' if node else ''} ends TLS at {named(cluster, address, port=port)} for {listed(names)}: "
        f"{counted(len(sessions), 'session')}{_protocol(legs)}. It sent {len(requests):,} of their requests on to "
        f"{behind} as clear HTTP with x-forwarded-proto: https."
    )
    hellos = gathered(proof for session in sessions for proof in session.evidence)
    asked = gathered(proof for one in backends for proof in one.evidence)
    points = [point for leg in legs for point in leg.points] + [point for one in backends for point in one.points]
    doubts = [one.confidence for one in sessions] + [one.confidence for one in requests]
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=max(doubts, key=list(Confidence).index),
        statement=statement,
        subject={
            "dst": address, "dport": port, "proto": "tcp", "node": node or None,
            "vip": address if cluster.kind(address) is AddressKind.VIP else None, "name": ", ".join(names),
        },
        evidence=(*hellos[:1], *asked[:1], *hellos[1:], *asked[1:]),  # both sides first: few are shown
        coverage=Coverage(points=tuple(dict.fromkeys(points)), reason=requests[0].joined_by),
    )  # fmt: skip


def _protocol(legs: Sequence[ClientLeg]) -> str:
    """Say which TLS it was, and what is spoken inside: TLS 1.3 hides which of the offered protocols was chosen."""
    versions = sorted({leg.tls_version for leg in legs if leg.tls_version})
    chosen = sorted({leg.alpn for leg in legs if leg.alpn})
    offered = list(dict.fromkeys(word for leg in legs for word in leg.offered))
    words = [f"TLS {listed(versions)}"] if versions else []
    if chosen:
        words.append(f"ALPN {listed(chosen)}")
    elif offered:
        words.append(f"clients offer {listed(offered)} by ALPN")
    return f" ({', '.join(words)})" if words else ""


RULE = FindingRule(
    id="tls-terminated",
    severity=Severity.NOTE,
    title="A proxy ends TLS and goes on in clear HTTP",
    judge=_judge,
)
