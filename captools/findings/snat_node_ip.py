"""snat-node-ip: Envoy reached a backend on its own node, so that Linux chose the source (FACTS, sections 8 and 14)."""

from __future__ import annotations

from collections.abc import Iterator

from captools.findings._proxy_source import finding, uses
from captools.model.analysis import Analysis
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.requests import Attempt, Request

_LOCAL_SOURCES = ("node", "cilium-host")


def _judge(analysis: Analysis) -> Iterator[Finding]:
    for group in uses(analysis, _is_local):
        attempt = group[0].attempt
        kind = (
            "the router address (cilium_host), the source of its pod-CIDR route"
            if attempt.source_kind == "cilium-host"
            else "a node address: the route to the pod names no source, so Linux took the node's first address"
        )
        yield finding(
            RULE, group, f"{kind}; the backend is on the proxy's own node, where Cilium binds no ingress address"
        )


def _is_local(request: Request, attempt: Attempt) -> bool:
    """Only a backend on the proxy's own node: from elsewhere the same source would be a fault."""
    node = request.proxy.node if request.proxy else None
    return attempt.source_kind in _LOCAL_SOURCES and node is not None and attempt.backend.node == node


RULE = FindingRule(
    id="snat-node-ip",
    severity=Severity.NOTE,
    title="The proxy reaches a backend on its own node from a node address",
    judge=_judge,
)
