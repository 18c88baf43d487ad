"""routing-black-hole: a node sent pod traffic out of an interface that does not lead to the pod's node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from captools.findings._words import MAX_EVIDENCE, listed, named, proof, typed
from captools.model.addresses import contains, network
from captools.model.analysis import Analysis
from captools.model.cluster import Node, Route
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.paths import Hop, Outcome, Path, Way
from captools.model.points import Role, role_of


@dataclass(frozen=True, slots=True)
class _Hit:
    """One conversation that left ``node`` by the wrong interface."""

    path: Path
    last: Hop
    node: Node
    target: Node
    route: Route
    right: Route


def _judge(analysis: Analysis) -> Iterator[Finding]:
    groups: dict[tuple[str, str, str], list[_Hit]] = defaultdict(list)
    for path in analysis.paths:
        hit = _hit(analysis, path)
        if hit is not None:
            groups[hit.node.name, hit.route.dev, hit.target.name].append(hit)
    for hits in groups.values():
        yield _finding(analysis, hits)


def explains(analysis: Analysis, path: Path) -> bool:
    """Tell whether this rule says why a path's packets were lost: then no other one needs to."""
    return _hit(analysis, path) is not None


def _hit(analysis: Analysis, path: Path) -> _Hit | None:
    """Return what is wrong with a path, None where the rule has nothing to say.

    The node's own table must choose the interface the packet was last seen leaving by, and that same table must
    reach the pod's node by another one.
    """
    if path.outcome not in (Outcome.LOST, Outcome.UNKNOWN) or path.reply_packets:
        return None
    forward = path.ways(Way.FORWARD)
    if not forward or forward[-1].direction != "out":
        return None
    last = forward[-1]
    name, _, interface = last.point.partition("/")
    cluster = analysis.cluster
    node, target = cluster.node(name), cluster.node_of_pod_address(last.dst)
    if node is None or target is None or node.name == target.name or not target.internal_ip:
        return None
    route, right = node.route_to(last.dst, source=last.src), node.route_to(target.internal_ip)
    if route is None or right is None or route.dev != interface or right.dev == route.dev:
        return None
    link = node.link(interface)
    if role_of(interface, link.kind if link else "") in (Role.WIREGUARD, Role.TUNNEL):
        return None  # a virtual device towards other nodes: what it makes of the packet leaves by the right one
    if route.via and cluster.node_of_underlay(route.via) is not None:
        return None  # another node of the cluster may well know the way on
    return _Hit(path, last, node, target, route, right)


def _finding(analysis: Analysis, hits: list[_Hit]) -> Finding:
    first, cluster = hits[0], analysis.cluster
    dead = list(dict.fromkeys(named(cluster, hit.last.dst) for hit in hits))
    node, target, route = first.node.name, first.target, first.route
    entered = [
        hop for hop in first.path.ways(Way.FORWARD) if hop.point.startswith(f"{node}/") and hop is not first.last
    ]
    came = f"entered {entered[-1].point}, " if entered else ""
    prefix = next((cidr for cidr in target.pod_cidrs if contains(cidr, first.last.dst)), "")
    lost = all(hit.path.outcome is Outcome.LOST for hit in hits)
    seen = "never seen again" if lost else "not seen again in these captures"
    towards = f" towards {route.via}" if route.via else ""
    statement = (
        f"Packets from {listed(named(cluster, hit.path.flow.src) for hit in hits)} to {listed(dead)} {came}left "
        f"{first.last.point}{towards} and were {seen}: {_table(first, prefix)}; {target.name} is behind {first.right.dev}. "
        + _fine(analysis, node, {hit.last.dst for hit in hits})
    )
    evidence = [
        one
        for hit in hits
        for one in (*proof(entered if hit is first else (), f"entered {node}"),
                    *proof([hit.last], f"left {node} by {route.dev}, the wrong interface"))
    ]  # fmt: skip
    subject = {"src": first.path.flow.src, "dst": first.last.dst, "node": node, "name": ", ".join(dead)}
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.PROVEN if lost else Confidence.LIKELY,
        statement=statement.strip(),
        subject=subject,
        evidence=tuple(dict.fromkeys(evidence))[:MAX_EVIDENCE],
        coverage=Coverage(
            points=tuple(dict.fromkeys(p for hit in hits for p in hit.path.points)), reason=first.path.reason
        ),
        remedy=_remedy(first, prefix),
    )


def _own_route(hit: _Hit, prefix: str) -> bool:
    """Tell whether the table has a route for the pod network, or for a part of it, and that one is wrong."""
    wide = network(prefix).prefixlen if prefix else network(hit.last.dst).prefixlen
    return network(hit.route.prefix).prefixlen >= wide


def _table(hit: _Hit, prefix: str) -> str:
    """Say which route of the node's own table took the packets, and why."""
    node, target, route = hit.node.name, hit.target.name, hit.route
    if _own_route(hit, prefix):
        return f"the route {route.prefix} of {node} leads there, although that is the pod network of {target}"
    rule = "its default route" if network(route.prefix).prefixlen == 0 else f"its route {route.prefix}"
    return f"{node} has no route for {prefix or hit.last.dst}, the pod network of {target}, so {rule} took them"


def _remedy(hit: _Hit, prefix: str) -> str:
    right = f"via {_next_hop(hit)} dev {typed(hit.right.dev)}"
    if _own_route(hit, prefix):
        return f"on {hit.node.name}: ip route replace {hit.route.prefix} {right}"
    return f"on {hit.node.name}: ip route add {prefix or hit.last.dst} {right}"


def _next_hop(hit: _Hit) -> str:
    """Return the neighbour to route through: the pod's node itself where it is on the link, else the way to it."""
    return hit.right.via or hit.target.internal_ip


def _fine(analysis: Analysis, node: str, dead: set[str]) -> str:
    """Name the destinations that did answer through the same node, for contrast."""
    fine = [
        path.flow.dst
        for path in analysis.paths
        if path.outcome is Outcome.DELIVERED
        and path.flow.dst not in dead
        and analysis.cluster.pod_of(path.flow.dst) is not None
    ]
    if not fine:
        return ""
    return f"Destinations that answered: {listed(named(analysis.cluster, address) for address in fine)}."


RULE = FindingRule(
    id="routing-black-hole",
    severity=Severity.ERROR,
    title="Pod traffic leaves a node by an interface that does not lead to the pod's node",
    judge=_judge,
)
