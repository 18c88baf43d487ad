"""asymmetric-path: requests and answers take different ways, which stateful filters on one of them do not survive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from captools.findings import vip_moved
from captools.findings._words import MAX_EVIDENCE, counted, listed, named, proof
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence, Coverage, Evidence
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.paths import Asymmetry, Detour, Hop, Path, Way

_DSR = ("dsr", "hybrid")  # of bpf-lb-mode: backends answer clients directly, as they should


def _judge(analysis: Analysis) -> Iterator[Finding]:
    groups: dict[tuple[Detour, ...], list[Path]] = defaultdict(list)
    for path in analysis.paths:
        if path.detours and not _by_design(analysis, path) and not vip_moved.explains(analysis, path):
            groups[path.detours].append(path)
    for detours, paths in groups.items():
        yield _finding(analysis, detours, paths)


def _by_design(analysis: Analysis, path: Path) -> bool:
    """Tell whether direct server return makes the difference: the settings say so, or the packets carry its option."""
    if not any(one.kind is Asymmetry.DIRECT_RETURN for one in path.detours):
        return False
    return analysis.cluster.config.get("bpf-lb-mode", "") in _DSR or any(hop.dsr for hop in path.hops)


def _finding(analysis: Analysis, detours: tuple[Detour, ...], paths: list[Path]) -> Finding:
    cluster, first = analysis.cluster, paths[0]
    asked = listed(named(cluster, path.flow.src) for path in paths)
    answered = listed(named(cluster, path.flow.dst) for path in paths)
    statement = (
        f"Requests from {asked} to {answered} and the answers to them take different ways: "
        f"{'; '.join(_difference(one) for one in detours)} ({counted(len(paths), 'conversation')}). All of them were "
        "answered, but a firewall that keeps state, or reverse path filtering, on one of the two ways sees only half of "
        "each conversation and drops it."
    )
    differing = {point for one in detours for point in (*one.forward, *one.reply)}
    evidence = [one for path in paths for way in Way for one in _proof(path, way, differing)]
    node = detours[0].node
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        # That a node was passed by is known from its silence; which interface of a node, from the frames themselves.
        confidence=Confidence.PROVEN if all(one.forward and one.reply for one in detours) else Confidence.LIKELY,
        statement=statement,
        subject={"src": first.flow.src, "dst": first.flow.dst, "node": node, "name": ", ".join(sorted(differing))},
        evidence=tuple(dict.fromkeys(evidence))[:MAX_EVIDENCE],
        coverage=Coverage(
            points=tuple(sorted(differing)),
            reason="compared are the interfaces between nodes that each way was seen at",
        ),
        remedy=_remedy(analysis, first, node),
    )


def _difference(one: Detour) -> str:
    if one.kind is Asymmetry.DIRECT_RETURN:
        return f"the answers do not return through {one.node}, which translated the requests"
    if one.forward and one.reply:
        return f"at {one.node} the requests cross {listed(one.forward)} and the answers {listed(one.reply)}"
    if one.forward:
        return f"the requests cross {one.node} (at {listed(one.forward)}) and the answers do not"
    return f"the answers cross {one.node} (at {listed(one.reply)}) and the requests do not"


def _proof(path: Path, way: Way, differing: set[str]) -> tuple[Evidence, ...]:
    word = "the request" if way is Way.FORWARD else "the answer"
    hops: list[Hop] = [hop for hop in path.ways(way) if hop.point in differing]
    return proof(hops, f"{word} crosses here")


def _remedy(analysis: Analysis, path: Path, node: str) -> str:
    """Compare the routes at both ends: which machine sends the answers elsewhere."""
    ends = [analysis.cluster.node_of_pod_address(address) for address in (path.flow.src, path.flow.dst)]
    homes = [end.name if end else "the sender's machine" for end in ends]
    return (
        f"compare the two directions: on {homes[0]}, ip route get {path.flow.dst}; on {homes[1]}, ip route get "
        f"{path.flow.src}; where it must stay so, on {node} the reverse path filter must not be strict: sysctl -a | grep "
        "'\\.rp_filter' (the larger of all and of the interface counts: 0 is off, 1 strict, 2 loose)"
    )


RULE = FindingRule(
    id="asymmetric-path",
    severity=Severity.WARNING,
    title="Requests and answers take different ways",
    judge=_judge,
)
