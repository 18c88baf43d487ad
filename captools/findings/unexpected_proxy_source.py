"""unexpected-proxy-source: an ingress proxy reached a remote pod from another address than its node's ingress one.

Cilium binds the socket towards a remote backend to the ingress address (FACTS, section 8). Where that is skipped, as on
pooled connections of cilium/proxy#2040, Linux chooses the source, and the remote node sees a node instead of the ingress.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from captools.findings._proxy_source import local_source
from captools.findings._words import MAX_FRAMES, counted, gathered, listed, named, typed
from captools.model.analysis import Analysis
from captools.model.cluster import AddressKind, Node
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.identities import RESERVED_IDENTITIES
from captools.model.requests import Attempt, Request

_NODE_SOURCES = ("node", "cilium-host")
_INGRESS_IDENTITY = 8
_ENVOY = "x-envoy-"  # how the headers begin that Envoy adds to a request
_Listener = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Hit:
    """One attempt from the wrong address, made by the proxy of ``node``."""

    request: Request
    attempt: Attempt
    node: Node
    sure: Confidence


def _judge(analysis: Analysis) -> Iterator[Finding]:
    groups: dict[tuple[str, str], list[_Hit]] = defaultdict(list)
    bound = _bound(analysis)
    for request in analysis.requests:
        for attempt in request.attempts:
            if attempt.source_kind in _NODE_SOURCES:
                hit = _hit(analysis, request, attempt, bound)
                if hit is not None:
                    groups[hit.node.name, attempt.src].append(hit)
    for hits in groups.values():
        yield _finding(analysis, hits, bound)


def _bound(analysis: Analysis) -> Counter[_Listener]:
    """Count the attempts that came from the ingress address, by the proxy's node and the address that was called."""
    return Counter(
        (request.proxy.node or "", request.client_leg.dst if request.client_leg else "")
        for request in analysis.requests
        if request.proxy is not None
        for attempt in request.attempts
        if attempt.source_kind == "ingress"
    )


def _hit(analysis: Analysis, request: Request, attempt: Attempt, bound: Counter[_Listener]) -> _Hit | None:
    """Return what is wrong with an attempt; None where nothing is, or where it is not known what would be right.

    Only pods of the pod network on another node count: towards a pod of its own node and towards hosts Cilium binds
    nothing, and a node without an ingress address has no ingress of Cilium's.
    """
    cluster = analysis.cluster
    node = cluster.node(request.proxy.node) if request.proxy and request.proxy.node else None
    pod = cluster.pod_of(attempt.dst)
    if node is None or not node.ingress or pod is None or not pod.node or pod.node == node.name:
        return None
    if attempt.src not in (node.cilium_host, node.internal_ip, *node.local_addresses()):
        return None
    sure = _listener(analysis, request, bound[node.name, request.client_leg.dst if request.client_leg else ""])
    return None if sure is None else _Hit(request, attempt, node, max(sure, request.confidence, key=_doubt))


def _listener(analysis: Analysis, request: Request, bound: int) -> Confidence | None:
    """Return how sure it is that the client called an ingress or gateway of Cilium's; None where it may be another proxy.

    Their Services have no pods and no nodes behind them: those of other proxies, and of pods under east-west policy, do.
    Where no Service is known, Envoy must have signed the exchange, or have asked from the ingress address as well
    (``bound`` times).
    """
    cluster, leg = analysis.cluster, request.client_leg
    if leg is None:
        outside = request.client_by_xff and cluster.kind(request.client_by_xff) is not AddressKind.POD
        return Confidence.POSSIBLE if outside and any(name.startswith(_ENVOY) for name in request.headers()) else None
    if cluster.kind(leg.dst) is AddressKind.POD:
        return None
    owners = [one for one in cluster.services if leg.dst in one.vips or leg.dst in one.cluster_ips]
    behind = {cluster.kind(backend) for one in owners for backend in one.backends}
    if behind & {AddressKind.POD, AddressKind.NODE}:
        return None
    if owners or bound:
        return Confidence.PROVEN
    return Confidence.LIKELY if request.envoy_upstream_ms is not None else None


def _finding(analysis: Analysis, hits: Sequence[_Hit], bound: Counter[_Listener]) -> Finding:
    first, cluster = hits[0], analysis.cluster
    node, src, attempts = first.node, first.attempt.src, [hit.attempt for hit in hits]
    pods = listed(f"{one.backend.pod} on {one.backend.node}" for one in attempts)
    chosen, why = local_source(node, first.attempt.dst)
    unbound = f" That is what Linux gives a socket that is not bound: {why}." if chosen == src else ""
    right = sum(count for (name, _), count in bound.items() if name == node.name)
    others = f" {counted(right, 'other attempt')} of the same proxy came from {node.ingress}." if right else ""
    statement = (
        f"The proxy on {node.name} asked {pods} from {named(cluster, src, node=node.name)} in "
        f"{counted(len(hits), 'attempt')}; towards another node it should be {node.ingress}, the ingress address of "
        f"{node.name}.{unbound} {_seen_as(analysis, attempts)} {_outcome(attempts)}{others}"
    )
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=max((hit.sure for hit in hits), key=_doubt),
        statement=statement,
        subject={
            "src": src, "dst": first.attempt.dst, "dport": first.attempt.dport, "proto": "tcp", "node": node.name,
            "pod": first.attempt.backend.pod, "vip": first.request.client_leg.dst if first.request.client_leg else None,
        },
        evidence=gathered(proof for one in attempts[:MAX_FRAMES] for proof in one.evidence),
        coverage=Coverage(points=tuple(dict.fromkeys(point for one in attempts for point in one.points))),
        remedy=(
            f"on {node.name}: ss -tnp src {src} dst {first.attempt.dst} shows connections of Envoy that are not bound; kubectl "
            f"-n kube-system delete pod -l k8s-app=cilium-envoy --field-selector {typed(f'spec.nodeName={node.name}')} ends "
            "them, and pooled ones come back until Envoy has the fix of cilium/proxy#2040"
        ),
    )  # fmt: skip


def _seen_as(analysis: Analysis, attempts: Sequence[Attempt]) -> str:
    """Say whom the remote node takes the sender for: by the VNI where a tunnel shows it, else by the address."""
    flows = {(one.src, one.sport, one.dst, one.dport) for one in attempts}
    vnis = {
        hop.vni
        for path in analysis.paths
        if (path.flow.src, path.flow.sport, path.flow.dst, path.flow.dport) in flows
        for hop in path.hops
        if hop.vni in RESERVED_IDENTITIES and hop.src == path.flow.src
    }
    ingress = f"{RESERVED_IDENTITIES[_INGRESS_IDENTITY]} (identity {_INGRESS_IDENTITY})"
    if vnis:
        told = listed(f"{RESERVED_IDENTITIES[vni]} (VNI {vni})" for vni in sorted(vnis))
        return f"It arrives as {told} instead of {ingress}, so that policies for the ingress do not match."
    return f"The remote node takes that for a node's own traffic, not for {ingress}: policies for the ingress do not match."


def _outcome(attempts: Sequence[Attempt]) -> str:
    statuses = list(dict.fromkeys(str(one.status) if one.status is not None else one.result for one in attempts))
    return f"The backends answered {listed(statuses)}."


def _doubt(one: Confidence) -> int:
    return list(Confidence).index(one)


RULE = FindingRule(
    id="unexpected-proxy-source",
    severity=Severity.ERROR,
    title="An ingress proxy reached a remote backend from another address than its ingress one",
    judge=_judge,
)
