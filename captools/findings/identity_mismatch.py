"""identity-mismatch: a pod's packets carry another identity in the tunnel than its own, so that policies judge them wrongly.

Guards (DESIGN, section 8): never for reserved identities, those of remote nodes or of other clusters, which the model leaves
out; and ``likely`` only where the inventory at the start and at the end agree, since identities change with labels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from captools.findings._words import MAX_EVIDENCE, counted, listed, named
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.identities import ForeignIdentity


def _judge(analysis: Analysis) -> Iterator[Finding]:
    groups: dict[tuple[str, int], list[ForeignIdentity]] = defaultdict(list)
    for one in analysis.foreign_identities:
        groups[one.src, one.vni].append(one)
    for (src, vni), ways in groups.items():
        yield _finding(analysis, src, vni, ways)


def _finding(analysis: Analysis, src: str, vni: int, ways: list[ForeignIdentity]) -> Finding:
    cluster = analysis.cluster
    pod = cluster.pod_of(src)
    own, packets = ways[0].identity, sum(one.packets for one in ways)
    doubt = _doubt(analysis, src, ways)
    receivers = listed(sorted({one.receiver for one in ways}))
    taken_for = cluster.identity_name(vni)
    whose = f"that of {taken_for}" if taken_for != str(vni) else "one that no inventory knows"
    statement = (
        f"{counted(packets, 'packet')} of {named(cluster, src)} crossed from {listed(sorted({one.sender for one in ways}))} to "
        f"{receivers} with the VNI {vni} ({whose}), but the pod's identity is {own}{_labels(analysis, own)}: "
        f"{receivers} {'judges' if len({one.receiver for one in ways}) == 1 else 'judge'} policies for somebody else."
        f"{_mixed(ways)}{doubt}"
    )
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.POSSIBLE if doubt else Confidence.PROVEN,
        statement=statement,
        subject={
            "src": src,
            "pod": pod.full_name if pod else None,
            "node": ways[0].sender,
            "dst": ways[0].dst[0] if len({dst for one in ways for dst in one.dst}) == 1 else None,
        },
        evidence=tuple(dict.fromkeys(proof for one in ways for proof in one.evidence))[:MAX_EVIDENCE],
        coverage=Coverage(
            points=tuple(dict.fromkeys(point for one in ways for point in one.points)),
            reason=f"the inventory gives {src} the identity {own}{doubt}",
        ),
        remedy=_remedy(src, own, ways, doubt),
    )


def _labels(analysis: Analysis, identity: int) -> str:
    name = analysis.cluster.identity_name(identity)
    return f" ({name})" if name != str(identity) else ""


def _mixed(ways: list[ForeignIdentity]) -> str:
    """Say that other packets of the pod carry the right one: then its identity has just changed, or not everywhere."""
    fine = [one for one in ways if one.agreeing]
    if not fine:
        return ""
    return f" {counted(sum(one.agreeing for one in fine), 'other packet')} to {fine[0].receiver} carried the right one."


def _doubt(analysis: Analysis, src: str, ways: list[ForeignIdentity]) -> str:
    """Return why the inventory may not be of the same moment as the packets; the empty string where it is."""
    pod = analysis.cluster.pod_of(src)
    if pod is None:
        return " The inventory knows no pod of that address."
    if pod.node and any(one.sender != pod.node for one in ways):
        return f" But the inventory has the pod on {pod.node}, so that it may be of another moment."
    told = {identity for _, identity in pod.identities}
    if len(told) > 1:
        return (
            f" The inventory itself tells {listed(map(str, sorted(told)))} of this pod: its identity may have changed."
        )
    if not pod.identity_settled:
        return " The inventory is of one moment only, and an identity changes with the pod's labels: take it again at the end."
    return ""


def _remedy(src: str, own: int, ways: list[ForeignIdentity], doubt: str) -> str:
    sender, receiver = ways[0].sender, ways[0].receiver
    later = (
        "; next time keep what kubectl get ciliumendpoints -A -o json says at the end of the capture as "
        "ciliumendpoints-stop.json beside the inventory"
        if doubt
        else ""
    )
    return (
        f"on {sender}: cilium-dbg endpoint list | grep {src} and cilium-dbg bpf ipcache get {src} (both must say {own}), then "
        f"cilium-dbg endpoint regenerate ID; on {receiver}: cilium-dbg identity get {ways[0].vni}{later}"
    )


RULE = FindingRule(
    id="identity-mismatch",
    severity=Severity.ERROR,
    title="The VNI of a pod's packets is not the pod's identity",
    judge=_judge,
)
