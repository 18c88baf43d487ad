"""vip-unanswered: ARP for a load-balancer address was asked again and again, and nobody answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from captools.findings._vip import LEASES, arpings_of, called, counts, moment, subject, unlisted, where_printed
from captools.findings._words import MAX_EVIDENCE, counted, listed, named
from captools.model.analysis import Analysis
from captools.model.arp import Arping, Asker, Gap, Resolution
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.paths import Path
from captools.model.units import duration

# One question may be lost, or be the last one that the capture saw; the kernel asks three times, arping once a second.
LEAST_ASKS = 2
# Somebody does answer before or afterwards: then it takes more than one machine's slowness.
LEAST_ASKS_IN_GAP, LEAST_GAP_NS = 3, 2_000_000_000
SURE_ASKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What is said of one address: who asked, who said nothing, and for how sure."""

    resolution: Resolution
    askers: tuple[Asker, ...]
    confidence: Confidence
    told: str
    reason: str


def _judge(analysis: Analysis) -> Iterator[Finding]:
    seen: set[str] = set()
    for one in analysis.arp:
        case = _case(analysis, one)
        if case is not None:
            yield _finding(analysis, case)
        seen.add(one.address)
    for address in dict.fromkeys(run.address for run in analysis.cluster.arpings):
        runs = _in_vain(arpings_of(analysis, address))
        if address not in seen and runs and len(runs) == len(arpings_of(analysis, address)):
            yield from _by_text(analysis, address, runs)


def explains(analysis: Analysis, path: Path) -> bool:
    """Tell whether this rule says why a path's packets got no further: the node they came to asked for their address in vain."""
    node = path.last_seen.partition("/")[0]
    mine = (one for one in analysis.arp if one.address == path.flow.dst)
    return any(
        any(asker.node == node for asker in case.askers) for one in mine if (case := _case(analysis, one)) is not None
    )


def _case(analysis: Analysis, one: Resolution) -> _Case | None:
    if not counts(analysis, one.address):
        return None
    return _never(analysis, one) if not one.claims and not one.spoke else _for_a_while(analysis, one)


def _never(analysis: Analysis, one: Resolution) -> _Case | None:
    """Nobody ever answered, where an answer would have been seen."""
    askers = tuple(asker for asker in one.askers if asker.unanswered >= LEAST_ASKS and asker.point and not asker.blind)
    unknown = not analysis.cluster.is_vip(one.address)
    if unknown and not one.tried:
        return None  # a scan, or anything else that nobody wanted to talk to
    if askers:
        sure = any(asker.told and asker.counted for asker in askers)
        enough = sum(asker.unanswered for asker in askers) >= SURE_ASKS
        return _Case(
            resolution=one,
            askers=askers,
            confidence=Confidence.POSSIBLE if unknown else Confidence.PROVEN if sure else
            Confidence.LIKELY if enough else Confidence.POSSIBLE,
            told="and nobody answered",
            reason=f"an answer goes to the asker alone, and was not seen at {listed(asker.point for asker in askers)}",
        )  # fmt: skip
    others = tuple(asker for asker in one.askers if asker.asks >= LEAST_ASKS and not asker.point)
    heard = min((quiet.asks for quiet in one.silent), default=0)
    if unknown or not others or not one.every_node_silent or heard < LEAST_ASKS:
        return None  # what goes to the asker alone would not have been seen
    return _Case(
        resolution=one,
        askers=others,
        confidence=Confidence.LIKELY,
        told="and nobody in the cluster answered",
        reason=f"the asker itself was not captured, but every node that could have answered, at "
        f"{listed(quiet.point for quiet in one.silent)}",
    )


def _for_a_while(analysis: Analysis, one: Resolution) -> _Case | None:
    """It was answered before or afterwards by one machine, but for a while it was not. A move is another rule's."""
    askers = tuple(asker for asker in one.askers if asker.unanswered)
    gap = max((gap for gap in one.gaps if _counts(one, gap)), key=lambda gap: gap.asks, default=None)
    if gap is None or not one.claims or not analysis.cluster.is_vip(one.address):
        return None
    before = [claim for claim in one.claims if claim.first_ns <= gap.first_ns]
    after = [claim for claim in one.claims if claim.first_ns >= gap.first_ns]
    until = f" until {moment(gap.until_ns)}" if gap.until_ns is not None else ""
    told = f"and from {moment(gap.first_ns)} on nobody answered {counted(gap.asks, 'question')}{until}"
    owner = before[-1] if before else after[0]
    told += f"; {'before that' if before else 'then'} {owner.node or owner.mac} did"
    return _Case(
        resolution=one,
        askers=askers,
        confidence=Confidence.PROVEN if any(asker.told and asker.counted for asker in askers) else Confidence.LIKELY,
        told=told,
        reason=f"an answer goes to the asker alone, and was not seen at {listed(asker.point for asker in askers)}",
    )


def _counts(one: Resolution, gap: Gap) -> bool:
    """Tell whether a gap is long enough, and no move from one machine to another."""
    last = max((asker.last_ns for asker in one.askers), default=gap.first_ns)
    length = (gap.until_ns if gap.until_ns is not None else last) - gap.first_ns
    moved = any(
        claim.first_ns == gap.until_ns and old.mac != claim.mac
        for old, claim in zip(one.claims, one.claims[1:], strict=False)
    )
    return gap.asks >= LEAST_ASKS_IN_GAP and length >= LEAST_GAP_NS and not moved


def _finding(analysis: Analysis, case: _Case) -> Finding:
    one, cluster = case.resolution, analysis.cluster
    asked = listed(
        f"{named(cluster, asker.address)} asked {counted(asker.asks, 'time')} in "
        f"{duration(asker.last_ns - asker.first_ns)}"
        for asker in case.askers
    )
    quiet = ""
    if one.silent:
        heard = listed(f"{quiet.node} (at {quiet.point})" for quiet in one.silent)
        quiet = f" {heard} heard the question and kept silent."
    runs = _in_vain(arpings_of(analysis, one.address))
    same = f" arping says the same ({where_printed(runs)})." if runs else ""
    evidence = [proof for asker in case.askers for proof in asker.evidence]
    evidence += [proof for quiet in one.silent for proof in quiet.evidence]
    first = case.askers[0]
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=case.confidence,
        statement=(
            f"{asked} by ARP who has {called(cluster, one.address)} {case.told} (seen at {listed(one.points)})."
            f"{quiet}{_tried(analysis, one)}{same}"
        ),
        subject=subject(cluster, one.address, src=first.address, node=first.node or None),
        evidence=tuple(evidence[:MAX_EVIDENCE]),
        coverage=Coverage(
            points=tuple(
                dict.fromkeys(
                    [*(asker.point for asker in case.askers if asker.point), *(quiet.point for quiet in one.silent)]
                )
            ),
            reason=case.reason,
        ),
        remedy=_remedy(analysis, one.address),
    )


def _tried(analysis: Analysis, one: Resolution) -> str:
    """Tell who wanted to talk to the address and could not."""
    failed: list[Path] = [path for path in analysis.paths if path.flow.dst == one.address and not path.reply_packets]
    if not failed:
        return ""
    who = listed(named(analysis.cluster, path.flow.src) for path in failed)
    return f" {counted(len(failed), 'conversation')} of {who} with it came to nothing."


def _in_vain(runs: tuple[Arping, ...]) -> tuple[Arping, ...]:
    return tuple(one for one in runs if one.received == 0 and not one.macs and (one.sent or 0) >= LEAST_ASKS)


def _by_text(analysis: Analysis, address: str, runs: tuple[Arping, ...]) -> Iterator[Finding]:
    """Nothing but arping's own words."""
    known = analysis.cluster.is_vip(address)
    if not known and not unlisted(analysis, address):
        return
    sent = sum(one.sent or 0 for one in runs)
    where = listed(one.node for one in runs if one.node)
    yield Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.LIKELY if known else Confidence.POSSIBLE,
        statement=(
            f"arping asked {counted(sent, 'time')} who has {called(analysis.cluster, address)}"
            f"{f' on {where}' if where else ''} and got no answer ({where_printed(runs)}). Text alone does not prove "
            "that the question left by the right interface."
        ),
        subject=subject(analysis.cluster, address, node=runs[0].node or None),
        coverage=Coverage(reason="known from arping's text only; no capture shows ARP for this address"),
        remedy=_remedy(analysis, address),
    )


def _remedy(analysis: Analysis, address: str) -> str:
    if not analysis.cluster.is_vip(address):
        return f"kubectl get svc -A | grep {address}, and ip neigh show {address} on the machine that asks"
    services = analysis.cluster.services_at(address)
    if not services:
        return f"kubectl get svc -A | grep {address}: no Service has this address, so that nobody announces it"
    return (
        "kubectl get ciliuml2announcementpolicies -o yaml: one must select this Service, its nodes and their interface, "
        f"with loadBalancerIPs: true; {LEASES} names the node that announces"
    )


RULE = FindingRule(
    id="vip-unanswered",
    severity=Severity.ERROR,
    title="Nobody answers ARP for a load-balancer address",
    judge=_judge,
)
