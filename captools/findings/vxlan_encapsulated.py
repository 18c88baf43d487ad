"""vxlan-encapsulated: pod packets cross the underlay in VXLAN; whose identity the VNI carries, and what it costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from captools.findings._words import counted, listed, named, proof
from captools.model.analysis import Analysis
from captools.model.cluster import Cluster
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.identities import of_workload
from captools.model.paths import Hop, Path, Way
from captools.model.units import duration

# Outer Ethernet stays at the device; IP 20 (40) + UDP 8 + VXLAN 8 + inner Ethernet 14 come out of the MTU (RFC 7348).
OVERHEAD_4, OVERHEAD_6 = 50, 70


# So many pairs of pods are told one by one; of more, all that cross between two nodes together.
MOST_PAIRS = 12
# A WireGuard datagram: IP 20, UDP 8, header 16 and tag 16 around the packet, which is padded to 16 (FACTS, section 10).
SEALED, PADDED = 60, 16
_NO_INVENTORY = " If this is Cilium, these are the identities of the senders; no inventory tells whose."


def _judge(analysis: Analysis) -> Iterator[Finding]:
    groups: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for path in analysis.paths:
        if _tunnelled(path, Way.FORWARD) or _tunnelled(path, Way.REPLY):
            groups[_inner_ends(path)].append(path)
    if len(groups) <= MOST_PAIRS:
        for (src, dst), paths in groups.items():
            yield _finding(analysis, src, dst, paths)
        return
    nodes: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for paths in groups.values():
        hop = (_tunnelled(paths[0], Way.FORWARD) or _tunnelled(paths[0], Way.REPLY))[0]
        one, other = sorted((hop.outer_src or "", hop.outer_dst or ""))
        nodes[one, other] += paths
    for ends, paths in nodes.items():
        yield _between(analysis, ends, paths)


def _inner_ends(path: Path) -> tuple[str, str]:
    """Return who talks inside the tunnel, the originator first: the backend, where a service address was called."""
    there, back = _tunnelled(path, Way.FORWARD), _tunnelled(path, Way.REPLY)
    return (there[0].src, there[0].dst) if there else (back[0].dst, back[0].src)


def _tunnelled(path: Path, way: Way) -> list[Hop]:
    return [hop for hop in path.ways(way) if hop.tunnel == "vxlan"]


def _finding(analysis: Analysis, src: str, dst: str, paths: list[Path]) -> Finding:
    cluster = analysis.cluster
    there = [hop for path in paths for hop in _tunnelled(path, Way.FORWARD)]
    back = [hop for path in paths for hop in _tunnelled(path, Way.REPLY)]
    first = (there or back)[0]
    ends = f"{named(cluster, first.outer_src or '')} and {named(cluster, first.outer_dst or '')}"
    ways = [
        f"VNI {vni} is {_owner(analysis, sender, vni)} ({word})" if _known(analysis) else f"VNI {vni} {word}"
        for word, hops, sender in (("on the way there", there, src), ("on the way back", back, dst))
        for vni in sorted({hop.vni for hop in hops if hop.vni is not None})
    ]
    statement = (
        f"{_talk(cluster, src, dst, there=bool(there), back=bool(back))} VXLAN (tcpdump: OTV, instance {first.vni}) between "
        f"{ends}. {listed(ways)}.{'' if _known(analysis) else _NO_INVENTORY} {_cost(analysis, first, paths)}"
        f"{_crossing(paths)}"
    )
    return _note(statement, {"src": src, "dst": dst}, there, back)


def _talk(cluster: Cluster, src: str, dst: str, *, there: bool, back: bool) -> str:
    """Name the two ends; of a conversation that was seen in the tunnel one way only, no more is claimed."""
    one, other = named(cluster, src), named(cluster, dst)
    if there and back:
        return f"{one} and {other} talk through"
    return f"Packets of {one} to {other} cross in" if there else f"Answers of {other} to {one} cross in"


def _between(analysis: Analysis, ends: tuple[str, str], paths: list[Path]) -> Finding:
    """Tell of all pods of two nodes together."""
    cluster = analysis.cluster
    there = [hop for path in paths for hop in _tunnelled(path, Way.FORWARD)]
    back = [hop for path in paths for hop in _tunnelled(path, Way.REPLY)]
    first, hops = (there or back)[0], there + back
    pairs = list(dict.fromkeys(f"{named(cluster, one.flow.src)} and {named(cluster, one.flow.dst)}" for one in paths))
    strange = {hop.src for hop in hops if hop.identity_agrees is False}
    whose = (
        f"of {listed(named(cluster, address) for address in sorted(strange))} it is another one"
        if strange
        else "no packet contradicts the inventory"
    )
    statement = (
        f"{counted(len(pairs), 'pair')} of addresses talk through VXLAN (tcpdump: OTV) between {named(cluster, ends[0])} and "
        f"{named(cluster, ends[1])}, such as {pairs[0]}. {_meaning(analysis, whose)} "
        f"{_cost(analysis, first, paths)}"
    )
    names = [node.name if (node := cluster.node_of_underlay(end)) else end for end in ends]
    return _note(statement, {"src": names[0], "dst": names[1]}, there, back)


def _meaning(analysis: Analysis, whose: str) -> str:
    if not _known(analysis):
        return "If this is Cilium, the VNI is the sender's identity; no inventory tells whose."
    return f"The VNI is the sender's identity; {whose}."


def _note(statement: str, subject: dict[str, str], there: list[Hop], back: list[Hop]) -> Finding:
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.PROVEN,
        statement=statement,
        subject=dict(subject),
        evidence=(*proof(there[:2], "VXLAN on the way there"), *proof(back[:2], "VXLAN on the way back")),
        coverage=Coverage(points=tuple(dict.fromkeys(hop.point for hop in there + back))),
    )


def _cost(analysis: Analysis, hop: Hop, paths: list[Path]) -> str:
    """Say what the headers take, and what of the MTU is left for pods."""
    overhead = OVERHEAD_6 if ":" in (hop.outer_src or "") else OVERHEAD_4
    sealed = any(other.tunnel == "wireguard" for path in paths for other in path.hops)
    around = (
        f" WireGuard goes around that: {SEALED} bytes more, and padding to a multiple of {PADDED}." if sealed else ""
    )
    return f"Encapsulation adds {overhead} bytes to each packet{_mtu(analysis, hop, overhead)}.{around}"


def _owner(analysis: Analysis, sender: str, vni: int) -> str:
    """Say whose identity a VNI is: the sender's, if the inventory agrees."""
    pod, name = analysis.cluster.pod_of(sender), analysis.cluster.identity_name(vni)
    if pod is not None and pod.identity == vni:
        return f"the identity of {pod.full_name}"
    if pod is not None and pod.identity is not None and of_workload(vni) and of_workload(pod.identity):
        whose = f" but of {name}" if name != str(vni) else ""
        return f"not the identity that the inventory gives {pod.full_name} ({pod.identity}){whose}"
    return f"the identity of {name if name != str(vni) else f'the sender {sender}, which no inventory names'}"


def _crossing(paths: list[Path]) -> str:
    """Say how long one packet took in the tunnel, from the first point that shows it to the last one."""
    for path in paths:
        hops = path.ways(Way.FORWARD)
        inside = [at for at, hop in enumerate(hops) if hop.tunnel == "vxlan"]
        hops = hops[inside[0] : inside[-1] + 1] if inside else ()  # with WireGuard around it, others lie between
        delays = [hop.delay_ns for hop in hops[1:] if hop.delay_ns is not None]
        if len(hops) > 1 and len(delays) == len(hops) - 1:
            error = sum(hop.delay_error_ns or 0 for hop in hops[1:])
            bound = f" ±{duration(error)}" if error else ""
            points = ", ".join(dict.fromkeys(hop.point for hop in hops))
            return f" One packet took {duration(sum(delays))}{bound} over {points}."
    return ""


def _known(analysis: Analysis) -> bool:
    """Tell whether anything says that this is Cilium's tunnel: other overlays number their networks there."""
    cluster = analysis.cluster
    return bool(cluster.pods or cluster.identities or cluster.ipcache or cluster.config or cluster.hubble)


def _mtu(analysis: Analysis, hop: Hop, overhead: int) -> str:
    """Compare with the MTU of the card the tunnel leaves by, where the inventory knows it."""
    name, _, interface = hop.point.partition("/")
    node = analysis.cluster.node(name)
    link = node.link(interface) if node else None
    if link is None or not link.mtu:
        return ""
    return f", so that pod packets above {link.mtu - overhead} bytes do not fit the MTU of {link.mtu} at {hop.point}"


RULE = FindingRule(
    id="vxlan-encapsulated",
    severity=Severity.NOTE,
    title="Pod packets cross the underlay in VXLAN",
    judge=_judge,
)
