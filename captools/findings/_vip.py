"""How the vip-* rules speak of load-balancer addresses and of the machines behind MAC addresses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from captools.findings._words import listed
from captools.model.analysis import Analysis
from captools.model.arp import Arping, Claim
from captools.model.cluster import AddressKind, Cluster
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule
from captools.model.units import rfc3339

LEASES = "kubectl -n kube-system get leases | grep cilium-l2announce"


def counts(analysis: Analysis, address: str) -> bool:
    """Tell whether ARP for an address is anybody's business: it is a load balancer's, or nobody listed any services.

    With a list of services, an address that is none of theirs is some other machine's.
    """
    return analysis.cluster.is_vip(address) or unlisted(analysis, address)


def unlisted(analysis: Analysis, address: str) -> bool:
    """Tell whether an address may be a load balancer's for want of a list of services."""
    return not analysis.cluster.services and analysis.cluster.kind(address) is AddressKind.OTHER


def called(cluster: Cluster, address: str) -> str:
    """Return what the address is, in apposition."""
    if name := cluster.name(address):
        return f"{address}, the load-balancer address of {name},"
    if cluster.is_vip(address):
        return f"{address}, which is of the load-balancer pool but no Service's,"
    return f"{address} (no list of services says whose it is)"


def subject(cluster: Cluster, address: str, **more: Any) -> dict[str, Any]:
    """Return the subject of a finding about an address."""
    return {"vip": address, "name": cluster.name(address) or None, **more}


def machine(claim: Claim) -> str:
    """Return ``node (MAC)``, or what is known."""
    return f"{claim.node} ({claim.mac})" if claim.node else f"an unknown machine ({claim.mac})"


def moment(ts_ns: int) -> str:
    """Return a time of day as a sentence tells it, to the millisecond."""
    return f"{rfc3339(ts_ns)[11:23]} UTC"


def by_inventory(cluster: Cluster, mac: str) -> str:
    """Return the node that has a MAC address, by the nodes' own lists of links; "" where none has, or several."""
    found = {node.name for node in cluster.nodes for link in node.links if link.mac == mac}
    return found.pop() if len(found) == 1 else ""


def arpings_of(analysis: Analysis, address: str) -> tuple[Arping, ...]:
    """Return the runs of arping for an address."""
    return tuple(one for one in analysis.cluster.arpings if one.address == address)


def where_printed(runs: Iterable[Arping]) -> str:
    """Return the files and lines of runs of arping."""
    return listed(f"{one.file}, line {one.line}" for one in runs)


def by_text(rule: FindingRule, cluster: Cluster, address: str, statement: str, remedy: str) -> Finding:
    """Return a finding about an address of which nothing but arping's own text tells."""
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        confidence=Confidence.LIKELY,
        statement=statement,
        subject=subject(cluster, address),
        coverage=Coverage(reason="known from arping's text only"),
        remedy=remedy,
    )
