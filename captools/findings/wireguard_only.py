"""wireguard-only: between two nodes nothing but WireGuard was seen, and data really flowed."""

from __future__ import annotations

from collections.abc import Iterator

from captools.findings._words import counted
from captools.model.analysis import Analysis
from captools.model.encryption import Kind, Pair, Verdict
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity

_BY_DESIGN = frozenset({Kind.NODE, Kind.HEALTH})  # without node encryption


def _judge(analysis: Analysis) -> Iterator[Finding]:
    if analysis.encryption.verdict is not Verdict.ENCRYPTED:
        return
    for pair in analysis.encryption.pairs:
        if pair.verdict is not Verdict.ENCRYPTED:
            continue
        inner = ""
        if pair.matched_inner or pair.unmatched_inner:
            inner = (
                f" {pair.matched_inner} of {counted(pair.matched_inner + pair.unmatched_inner, 'inner sighting')} on the "
                f"nodes' own devices fit a datagram by size, order and time.{_left_over(pair)}"
            )
        answered = sum(1 for one in pair.handshakes if one.result == "answered")
        shakes = f" {answered} of {counted(len(pair.handshakes), 'handshake')} answered." if pair.handshakes else ""
        own = sum(one.packets for one in pair.classes if one.kind in _BY_DESIGN)
        clear = f" {counted(own, 'packet')} of the nodes themselves stayed readable, by design." if own else ""
        yield Finding(
            rule=RULE.id,
            severity=RULE.severity,
            # Matching inner packets to datagrams is the step from "encrypted data flowed" to "these packets were in it".
            confidence=Confidence.PROVEN if _all_fit(pair) else Confidence.LIKELY,
            statement=(
                f"Between {pair.a} and {pair.b} pod traffic crossed in WireGuard only: "
                f"{counted(pair.wireguard_packets, 'data message')}, no pod packet in clear ({pair.coverage})."
                f"{inner}{shakes}{clear}"
            ),
            subject={"src": pair.a, "dst": pair.b},
            evidence=pair.evidence,
            coverage=Coverage(points=_points(pair.coverage), reason=pair.coverage),
        )


def _all_fit(pair: Pair) -> bool:
    """Tell whether all inner packets that were seen fit datagrams, in whole bursts; those at the window's edges aside."""
    return pair.matched_inner > 0 and all(one.possible == 0 and one.unmatched == one.edge for one in pair.inner)


def _left_over(pair: Pair) -> str:
    """Say what may have become of the inner packets that fit no datagram."""
    left, edge = pair.unmatched_inner, sum(one.edge for one in pair.inner)
    if not left:
        return ""
    if left == edge:
        return f" The other {'one' if left == 1 else left} came so early or late that the datagram may lie outside the capture."
    return f" The other {'one fits' if left == 1 else f'{left} fit'} none that was seen."


def _points(coverage: str) -> tuple[str, ...]:
    return tuple(word.strip(",;") for word in coverage.split() if "/" in word)


RULE = FindingRule(
    id="wireguard-only",
    severity=Severity.NOTE,
    title="Between nodes, pod traffic was seen in WireGuard only",
    judge=_judge,
)
