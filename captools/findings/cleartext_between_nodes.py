"""cleartext-between-nodes: pod packets readable on the way between nodes although encryption is on or was expected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from captools.findings._words import MAX_EVIDENCE, counted, listed, named
from captools.model.analysis import Analysis
from captools.model.cluster import Node
from captools.model.encryption import LEAKS, Cleartext, Verdict
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity


def _judge(analysis: Analysis) -> Iterator[Finding]:
    if analysis.encryption.verdict is not Verdict.LEAKING:
        return
    groups: dict[tuple[str, str, str], list[Cleartext]] = defaultdict(list)
    for leak in (one for one in analysis.encryption.cleartext if one.kind in LEAKS):
        sender, receiver = (analysis.cluster.node_of_pod_address(address) for address in (leak.src, leak.dst))
        # What one node sends to another in the clear has one cause, however many pods it is of.
        ways = (sender.name if sender else leak.src, receiver.name if receiver else leak.dst, leak.kind)
        groups[ways].append(leak)
    for leaks in groups.values():
        yield _finding(analysis, leaks)


def _finding(analysis: Analysis, leaks: list[Cleartext]) -> Finding:
    cluster, first = analysis.cluster, leaks[0]
    receiver = cluster.node_of_pod_address(first.dst)
    sender = cluster.node_of_pod_address(first.src)
    tunnel = "Geneve" if cluster.config.get("tunnel-protocol") == "geneve" else "VXLAN"
    how = f"inside {tunnel}, which does not encrypt," if first.kind == "overlay" else "as plain pod packets"
    points = tuple(dict.fromkeys(point for one in leaks for point in one.points))
    ends = [f"from {named(cluster, one.src)} to {named(cluster, one.dst)}" for one in leaks]
    alone = first if len(leaks) == 1 else None
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.PROVEN,
        statement=(
            f"{counted(sum(one.packets for one in leaks), 'sighting')} of packets {listed(ends)} crossed {how} at "
            f"{listed(points)}, readable by anyone on that network, although {_because(analysis, sender, receiver)}."
        ),
        subject={
            "src": alone.src if alone else None,
            "dst": alone.dst if alone else None,
            "node": sender.name if sender else None,
            "name": None
            if alone
            else f"{sender.name if sender else first.src} to {receiver.name if receiver else first.dst}",
        },
        evidence=tuple(proof for one in leaks for proof in one.evidence)[:MAX_EVIDENCE],
        coverage=Coverage(points=points, reason="seen, not inferred"),
        remedy=_remedy(first, sender, receiver),
    )


def _because(analysis: Analysis, sender: Node | None, receiver: Node | None) -> str:
    """Say why it ought to have been encrypted."""
    carrying = [{pair.a, pair.b} for pair in analysis.encryption.pairs if pair.wireguard_packets]
    if sender and receiver and {sender.name, receiver.name} in carrying:
        return "WireGuard carries other traffic between these nodes"
    return "WireGuard carries traffic between other nodes" if carrying else "encryption was expected"


def _remedy(leak: Cleartext, sender: Node | None, receiver: Node | None) -> str:
    here = sender.name if sender else "the sending node"
    there = receiver.name if receiver else "the receiving node"
    if leak.kind == "overlay":  # the tunnel's own datagrams, between the nodes' addresses, are what WireGuard must take
        address = receiver.internal_ip if receiver and receiver.internal_ip else "its address"
        return (
            f"on {here}: wg show cilium_wg0 allowed-ips must list {address}/32 for {there}; then ip rule, ip route get "
            f"{address} ipproto udp dport 8472, and cilium-dbg encrypt status"
        )
    within = f" (by {receiver.pod_cidrs[0]}, or by the pod's own address)" if receiver and receiver.pod_cidrs else ""
    return (
        f"on {here}: wg show cilium_wg0 allowed-ips must cover {leak.dst} for {there}{within}; then ip route get {leak.dst}, and "
        "cilium-dbg debuginfo for the peers Cilium knows"
    )


RULE = FindingRule(
    id="cleartext-between-nodes",
    severity=Severity.ERROR,
    title="Pod packets crossed between nodes in the clear",
    judge=_judge,
)
