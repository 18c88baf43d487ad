"""vxlan-encapsulated: pod packets cross the underlay in VXLAN; whose identity the VNI carries, and what it costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from captools.findings._words import listed, named, proof
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.paths import Hop, Path, Way

# Outer Ethernet stays at the device; IP 20 (40) + UDP 8 + VXLAN 8 + inner Ethernet 14 come out of the MTU (RFC 7348).
OVERHEAD_4, OVERHEAD_6 = 50, 70


def _judge(analysis: Analysis) -> Iterator[Finding]:
    groups: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for path in analysis.paths:
        if _tunnelled(path, Way.FORWARD) or _tunnelled(path, Way.REPLY):
            groups[path.flow.src, path.flow.dst].append(path)
    for (src, dst), paths in groups.items():
        yield _finding(analysis, src, dst, paths)


def _tunnelled(path: Path, way: Way) -> list[Hop]:
    return [hop for hop in path.ways(way) if hop.tunnel == "vxlan"]


def _finding(analysis: Analysis, src: str, dst: str, paths: list[Path]) -> Finding:
    cluster = analysis.cluster
    there = [hop for path in paths for hop in _tunnelled(path, Way.FORWARD)]
    back = [hop for path in paths for hop in _tunnelled(path, Way.REPLY)]
    first = (there or back)[0]
    overhead = OVERHEAD_6 if ":" in (first.outer_src or "") else OVERHEAD_4
    ends = f"{named(cluster, first.outer_src or '')} and {named(cluster, first.outer_dst or '')}"
    ways = [
        f"VNI {vni} is the identity of {_owner(analysis, sender, vni)} ({word})"
        for word, hops, sender in (("on the way there", there, src), ("on the way back", back, dst))
        for vni in sorted({hop.vni for hop in hops if hop.vni is not None})
    ]
    largest = max(hop.wire_len for hop in there + back)  # 0 where only printed text tells of the packets
    statement = (
        f"{named(cluster, src)} and {named(cluster, dst)} talk through VXLAN (tcpdump: OTV, instance {first.vni}) between "
        f"{ends}. {listed(ways)}. Encapsulation adds {overhead} bytes to each packet"
        f"{_mtu(analysis, first)}{f'; the largest frame followed here has {largest} bytes' if largest else ''}."
    )
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.PROVEN,
        statement=statement,
        subject={"src": src, "dst": dst},
        evidence=(*proof(there[:2], "VXLAN on the way there"), *proof(back[:2], "VXLAN on the way back")),
        coverage=Coverage(points=tuple(dict.fromkeys(hop.point for hop in there + back))),
    )


def _owner(analysis: Analysis, sender: str, vni: int) -> str:
    """Say whose identity a VNI is: the sender's, if the inventory agrees."""
    pod = analysis.cluster.pod_of(sender)
    name = analysis.cluster.identity_name(vni)
    if pod is not None and pod.identity == vni:
        return f"{pod.full_name}"
    return name if name != str(vni) else f"the sender {sender}, which no inventory names"


def _mtu(analysis: Analysis, hop: Hop) -> str:
    """Compare with the MTU of the card the tunnel leaves by, where the inventory knows it."""
    name, _, interface = hop.point.partition("/")
    node = analysis.cluster.node(name)
    link = node.link(interface) if node else None
    if link is None or not link.mtu:
        return ""
    room = link.mtu - (OVERHEAD_6 if ":" in (hop.outer_src or "") else OVERHEAD_4)
    return f", so that pod packets above {room} bytes do not fit the MTU of {link.mtu} at {hop.point}"


RULE = FindingRule(
    id="vxlan-encapsulated",
    severity=Severity.NOTE,
    title="Pod packets cross the underlay in VXLAN",
    judge=_judge,
)
