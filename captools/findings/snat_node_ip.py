"""snat-node-ip: Envoy reached a backend on its own node, so that Linux chose the source (FACTS, sections 8 and 14)."""

from __future__ import annotations

from collections.abc import Iterator

from captools.findings._proxy_source import finding, local_source, uses
from captools.model.analysis import Analysis
from captools.model.cluster import Node
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.requests import Attempt, Request

_KINDS = {"node": "an address of the node", "cilium-host": "the node's router address (cilium_host)"}


def _judge(analysis: Analysis) -> Iterator[Finding]:
    for group in uses(analysis, _is_local):
        attempt, proxy = group[0].attempt, group[0].request.proxy
        node = analysis.cluster.node(proxy.node) if proxy and proxy.node else None
        own = "the backend is on the proxy's own node, where Cilium binds no ingress address"
        yield finding(RULE, group, f"{_KINDS[attempt.source_kind]}, because {own}, and {_chosen(node, attempt)}")


def _chosen(node: Node | None, attempt: Attempt) -> str:
    """Say why Linux took the source that it took, by the node's own table where that agrees with the packets."""
    chosen, reason = local_source(node, attempt.dst) if node else ("", "")
    if chosen == attempt.src:
        return reason
    doubt = f" (by the table given it would be {chosen}: that may be of another time)" if chosen else ""
    return f"Linux chose its source{doubt}"


def _is_local(request: Request, attempt: Attempt) -> bool:
    """Only a backend on the proxy's own node: from elsewhere the same source would be a fault."""
    node = request.proxy.node if request.proxy else None
    return attempt.source_kind in _KINDS and node is not None and attempt.backend.node == node


RULE = FindingRule(
    id="snat-node-ip",
    severity=Severity.NOTE,
    title="The proxy reaches a backend on its own node from a node address",
    judge=_judge,
)
