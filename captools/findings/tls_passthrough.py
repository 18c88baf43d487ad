"""tls-passthrough: a proxy passes TLS on unopened, by the name that the client asks for (Gateway API TLSRoute).

A ClientHello has 32 random bytes (RFC 8446, section 4.1.2): the same ones on two TCP connections are one session.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from captools.findings._words import counted, gathered, listed, named
from captools.model.addresses import endpoint
from captools.model.analysis import Analysis
from captools.model.cluster import AddressKind
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.requests import Attempt, TlsSession

_Key = tuple[str, str, int, str]  # the proxy's node, where it listens, and the name that is asked for


def _judge(analysis: Analysis) -> Iterator[Finding]:
    groups: dict[_Key, list[TlsSession]] = defaultdict(list)
    for session in analysis.tls_sessions:
        if session.kind == "passthrough" and session.proxy is not None:
            leg = session.client_leg
            groups[session.proxy.node or "", leg.dst, leg.dport, leg.sni or ""].append(session)
    for key, sessions in groups.items():
        yield _finding(analysis, key, sessions)


def _finding(analysis: Analysis, key: _Key, sessions: Sequence[TlsSession]) -> Finding:
    node, address, port, name = key
    cluster, legs = analysis.cluster, [leg for session in sessions for leg in session.backend_legs]
    clients = list(dict.fromkeys(session.client_leg.src for session in sessions))
    sources = listed(named(cluster, leg.src, node=node) for leg in legs)
    statement = (
        f"The proxy{f' on {node}' if node else ''} passes TLS for {name or 'no name'} at "
        f"{named(cluster, address, port=port)} on unopened: the same ClientHello, with the same random, left it from "
        f"{sources} for {listed(map(_backend, legs))} in {counted(len(sessions), 'connection')} of "
        f"{listed(named(cluster, one) for one in clients)}. Nobody on the way can read what was asked"
        f"{', and the backend sees the address of the proxy' if all(leg.src not in clients for leg in legs) else ''}."
    )
    points = [point for session in sessions for point in session.client_leg.points]
    points += [point for leg in legs for point in leg.points]
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=max((one.confidence for one in sessions), key=list(Confidence).index),
        statement=statement,
        subject={
            "src": clients[0] if len(clients) == 1 else None, "dst": address, "dport": port, "proto": "tcp",
            "node": node or None, "pod": legs[0].backend.pod if len({leg.backend.pod for leg in legs}) == 1 else None,
            "vip": address if cluster.kind(address) is AddressKind.VIP else None, "name": name,
        },
        evidence=gathered(proof for session in sessions for proof in session.evidence),
        coverage=Coverage(points=tuple(dict.fromkeys(points)), reason=sessions[0].note),
    )  # fmt: skip


def _backend(leg: Attempt) -> str:
    where = endpoint(leg.backend.ip, leg.backend.port)
    pod = f"{leg.backend.pod} ({where})" if leg.backend.pod else where
    return f"{pod} on {leg.backend.node}" if leg.backend.node else pod


RULE = FindingRule(
    id="tls-passthrough",
    severity=Severity.NOTE,
    title="A proxy passes TLS on unopened",
    judge=_judge,
)
