"""path-mtu: a router said by ICMP how large packets may be on a way, and the sender obeyed: how it should be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from captools.findings._words import MAX_EVIDENCE, counted, listed, named
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.mtu import ToldMtu
from captools.model.paths import Way

_Key = tuple[str, int, str, str]  # who said it, how much, of packets from whom to whom


def _judge(analysis: Analysis) -> Iterator[Finding]:
    groups: dict[_Key, list[ToldMtu]] = defaultdict(list)
    for word in heeded(analysis):
        groups[word.by, word.mtu, *_ends(analysis, word)].append(word)
    for key, words in groups.items():
        yield _finding(analysis, key, words)


def heeded(analysis: Analysis) -> list[ToldMtu]:
    """Return what routers said and no sender is known to have ignored: that is a black hole, as soon as it shows."""
    return [word for word in analysis.path_mtus if word.mtu and word.obeyed is not False]


def _ends(analysis: Analysis, word: ToldMtu) -> tuple[str, str]:
    flow = analysis.paths[word.path].flow
    return (flow.src, flow.dst) if word.way is Way.FORWARD else (flow.dst, flow.src)


def _finding(analysis: Analysis, key: _Key, words: list[ToldMtu]) -> Finding:
    by, mtu, src, dst = key
    cluster = analysis.cluster
    points = tuple(dict.fromkeys(point for word in words for point in word.points))
    router = cluster.node_of_underlay(by) or next((one for one in cluster.nodes if by in one.local_addresses()), None)
    refused = max(word.refused_bytes for word in words)
    after = max(word.largest_after for word in words)
    was = f" to a packet of {refused:,} bytes" if refused else ""
    then = (
        f"The sender went by it: what came after has at most {after:,} bytes."
        if after
        else "What the sender sent after it was not captured."
    )
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.PROVEN if after else Confidence.LIKELY,
        statement=(
            f"On the way from {named(cluster, src)} to {named(cluster, dst)} packets may have at most {mtu:,} bytes: "
            f"{named(cluster, by)} said so by ICMP{was} ({counted(sum(word.errors for word in words), 'error')}, seen at "
            f"{listed(points)}). {then}"
        ),
        subject={"src": src, "dst": dst, "node": router.name if router else None, "name": str(mtu)},
        evidence=tuple(dict.fromkeys(one for word in words for one in word.evidence))[:MAX_EVIDENCE],
        coverage=Coverage(points=points, reason="seen, not inferred"),
        remedy=(
            f"nothing is wrong; each new address pays one packet for it: an MTU of {mtu:,} on the senders' side saves "
            f"that (ip route get {dst} on the sender shows what it has learnt)"
        ),
    )


RULE = FindingRule(
    id="path-mtu",
    severity=Severity.NOTE,
    title="A router told how large packets may be on a way",
    judge=_judge,
)
