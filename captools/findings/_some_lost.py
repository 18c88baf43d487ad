"""Pings and datagrams of which some were lost, while others of the same conversation were answered.

A part of lost-between-points. What TCP loses it sends again, and the rule ``retransmissions`` tells of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from captools.findings._words import MAX_EVIDENCE, counted, listed, named, typed
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.flows import proto_name
from captools.model.packets import Proto
from captools.model.paths import Loss, Outcome, Path, Way

LEAST = 2  # packets: a single one is no pattern, and every network loses one now and then


def findings(analysis: Analysis, rule: FindingRule, explained: Callable[[Analysis, Path], bool]) -> Iterator[Finding]:
    """Yield what ``rule`` is to say of such conversations: one warning for each place and way."""
    groups: dict[tuple[str, str, Way], list[tuple[Path, Loss]]] = defaultdict(list)
    again = {(one.after, one.before) for path in analysis.paths for one in path.losses if one.resent}
    for path in analysis.paths:
        for one in path.losses:
            counts = path.outcome is Outcome.DELIVERED and path.flow.proto != Proto.TCP and one.proven and not one.cause
            if counts and (one.after, one.before) not in again and not explained(analysis, path):
                groups[one.after, one.before, one.way].append((path, one))
    for found in groups.values():
        if sum(one.packets for _, one in found) >= LEAST:
            yield _finding(analysis, rule, found)


def _finding(analysis: Analysis, rule: FindingRule, found: list[tuple[Path, Loss]]) -> Finding:
    path, loss = found[0]
    cluster, forward = analysis.cluster, loss.way is Way.FORWARD
    lost = sum(one.packets for _, one in found)
    sent = sum(one.request_packets if forward else one.reply_packets for one, _ in found)
    pairs = listed(
        f"{named(cluster, one.flow.src)} and {named(cluster, one.flow.dst)} by {proto_name(one.flow.proto).upper()}"
        for one, _ in found
    )
    (here, _, near), (there, _, far) = loss.after.rpartition("/"), loss.before.rpartition("/")
    near, far = typed(near), typed(far)
    who = f"{here} dropped them" if here == there else f"Something on the way from {here} to {there} dropped them"
    what = counted(sent, "request" if forward else "answer")
    ends = {(one.flow.src, one.flow.dst) for one, _ in found}
    return Finding(
        rule=rule.id,
        severity=Severity.WARNING,
        confidence=Confidence.PROVEN,
        statement=(
            f"{lost:,} of {what} between {pairs} came as far as {loss.after} and never to {loss.before}, where the others "
            f"came by and which was listening. {who} in silence: look for what loses packets now and then (load, a full "
            "queue, a rate limit), since not all of them are."
        ),
        subject={
            "src": path.flow.src if len(ends) == 1 else None, "dst": path.flow.dst if len(ends) == 1 else None,
            "proto": proto_name(path.flow.proto), "node": here if here == there else None,
            "name": f"{loss.after} to {loss.before}",
        },
        evidence=tuple(dict.fromkeys(proof for _, one in found for proof in one.evidence))[:MAX_EVIDENCE],
        coverage=Coverage(points=tuple(sorted({point for one, _ in found for point in one.points})), reason=path.reason),
        remedy=(
            f"on {here}: ip -s link show dev {near} and tc -s qdisc show dev {near} count drops; on {there}: ip -s link show dev "
            f"{far}"
        ),
    )  # fmt: skip
