"""snat-masquerade: a node puts its own address in the place of a caller's, on the way out of the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from captools.findings._translated import proof, sure, talks, translators
from captools.findings._words import listed, named
from captools.model.analysis import Analysis
from captools.model.cluster import Cluster
from captools.model.evidence import Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.services import Masquerade, Rewriting

_SHOWN = 4  # connections whose frames are shown


def _judge(analysis: Analysis) -> Iterator[Finding]:
    for one in analysis.services.masquerades:
        yield _finding(analysis.cluster, one)


def _finding(cluster: Cluster, one: Masquerade) -> Finding:
    first = one.connections[0]
    pod = cluster.pod_of(first.flow.src)
    callers = list(dict.fromkeys(each.flow.src for each in one.connections))
    targets = list(dict.fromkeys(each.dst for each in one.connections))
    who, whom = (listed(named(cluster, address) for address in several) for several in (callers, targets))
    statement = (
        f"{talks(one.connections)} of {who} to {whom}: {translators(one.connections)} replaced the source by "
        f"{_address(cluster, one)}{_ports(one)} (masquerade, SNAT), which is all that the other end sees."
        f"{_strange(cluster, one)}"
    )
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=sure(one.connections),
        statement=statement,
        subject={
            "src": first.flow.src,
            "dst": first.dst,
            "node": one.node or None,
            "pod": pod.full_name if pod and len(callers) == 1 else None,
            "name": one.address,
        },
        evidence=proof(one.connections[:_SHOWN]),
        coverage=Coverage(
            points=tuple(dict.fromkeys(point for each in one.connections for point in each.between)),
            reason="both sides of the translation were seen",
        ),
        remedy=_remedy(cluster, one),
    )


def _address(cluster: Cluster, one: Masquerade) -> str:
    node = cluster.node(one.node)
    own = node is not None and one.address in (node.internal_ip, *node.local_addresses())
    return f"its own address {one.address}" if own else named(cluster, one.address, node=one.node)


def _ports(one: Masquerade) -> str:
    """Say how often the source port changed with the address."""
    ported = [each for each in one.connections if each.flow.sport is not None]
    changed = sum(each.sport != each.flow.sport for each in ported)
    if not changed:
        return ""
    first = next(each for each in ported if each.sport != each.flow.sport)
    often = "" if changed == len(ported) else f" in {changed} of {len(ported)}"
    return f", and the source port{often} by another one (for instance {first.flow.sport} by {first.sport})"


def _strange(cluster: Cluster, one: Masquerade) -> str:
    """Say what is not as a pod's way out of the cluster usually is."""
    words = []
    homes = {home.name for each in one.connections if (home := cluster.node_of_pod_address(each.flow.src))}
    if one.node and homes and one.node not in homes:
        words.append(f" {one.node} is not the node of these pods: they leave the cluster there (an egress gateway).")
    inside = _inside(cluster, one)
    if inside:
        words.append(
            f" {listed(named(cluster, each.dst) for each in inside)} is of the cluster itself, where pods usually keep "
            "their addresses: policies and logs there see the node."
        )
    return "".join(words)


def _inside(cluster: Cluster, one: Masquerade) -> list[Rewriting]:
    """Return the connections of pods to pods."""
    return [
        each
        for each in one.connections
        if cluster.node_of_pod_address(each.flow.src) and cluster.node_of_pod_address(each.dst)
    ]


def _remedy(cluster: Cluster, one: Masquerade) -> str:
    node = one.node or "the translating machine"
    if _inside(cluster, one):
        return (
            "pods should reach pods untranslated: compare ipv4-native-routing-cidr with the pod network "
            "(kubectl -n kube-system get configmap cilium-config -o yaml | grep -e masquerade -e native-routing)"
        )
    if cluster.node_of_pod_address(one.connections[0].flow.src):
        return f"to find who is behind a port at one moment: on {node}: cilium-dbg bpf nat list, or conntrack -L -j"
    return f"to find who is behind a port at one moment: on {node}: conntrack -L -j"


RULE = FindingRule(
    id="snat-masquerade",
    severity=Severity.NOTE,
    title="A node puts its own address in the place of a caller's",
    judge=_judge,
)
