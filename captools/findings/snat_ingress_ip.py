"""snat-ingress-ip: Envoy reached a remote backend from its node's ingress reserved address (cilium#19764)."""

from __future__ import annotations

from collections.abc import Iterator

from captools.findings._proxy_source import finding, uses
from captools.model.analysis import Analysis
from captools.model.findings import Finding, FindingRule, Severity


def _judge(analysis: Analysis) -> Iterator[Finding]:
    for group in uses(analysis, lambda _, attempt: attempt.source_kind == "ingress"):
        source, node = group[0].attempt.src, group[0].request.proxy
        home = next((one.name for one in analysis.cluster.nodes if one.ingress == source), "")
        owner = f"the ingress reserved address of {home}"
        if node is not None and node.node and home and home != node.node:
            owner += f", although the proxy runs on {node.node}"
        local = node is not None and node.node == group[0].attempt.backend.node
        why = (
            "although the backend is on the proxy's own node"
            if local
            else "as Cilium does for a backend on another node"
        )
        yield finding(RULE, group, f"{owner}, {why}")


RULE = FindingRule(
    id="snat-ingress-ip",
    severity=Severity.NOTE,
    title="The proxy reaches remote backends from the ingress reserved address",
    judge=_judge,
)
