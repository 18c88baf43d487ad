"""cleartext-between-nodes: pod packets readable on the way between nodes although encryption is on or was expected."""

from __future__ import annotations

from collections.abc import Iterator

from captools.findings._words import counted, listed, named
from captools.model.analysis import Analysis
from captools.model.encryption import LEAKS, Cleartext, Verdict
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity


def _judge(analysis: Analysis) -> Iterator[Finding]:
    if analysis.encryption.verdict is not Verdict.LEAKING:
        return
    for leak in (one for one in analysis.encryption.cleartext if one.kind in LEAKS):
        yield _finding(analysis, leak)


def _finding(analysis: Analysis, leak: Cleartext) -> Finding:
    cluster = analysis.cluster
    receiver = cluster.node_of_pod_address(leak.dst)
    sender = cluster.node_of_pod_address(leak.src)
    how = "inside VXLAN, which does not encrypt," if leak.kind == "overlay" else "as plain pod packets"
    because = (
        "WireGuard carries other traffic between these nodes"
        if any(pair.wireguard_packets for pair in analysis.encryption.pairs)
        else "encryption was expected"
    )
    cidr = receiver.pod_cidrs[0] if receiver and receiver.pod_cidrs else leak.dst
    peer = receiver.name if receiver else "the receiving node"
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.PROVEN,
        statement=(
            f"{counted(leak.packets, 'sighting')} of packets from {named(cluster, leak.src)} to "
            f"{named(cluster, leak.dst)} crossed {how} at {listed(leak.points)}, readable by anyone on that network, "
            f"although {because}."
        ),
        subject={"src": leak.src, "dst": leak.dst, "node": sender.name if sender else None},
        evidence=leak.evidence,
        coverage=Coverage(points=leak.points, reason="seen, not inferred"),
        remedy=(
            f"on {sender.name if sender else 'the sending node'}: wg show cilium_wg0 allowed-ips must list {cidr} for "
            f"{peer}; then ip route get {leak.dst}, and cilium-dbg debuginfo for the peers Cilium knows"
        ),
    )


RULE = FindingRule(
    id="cleartext-between-nodes",
    severity=Severity.ERROR,
    title="Pod packets crossed between nodes in the clear",
    judge=_judge,
)
