"""vip-conflict: two machines answer ARP for one load-balancer address at once."""

from __future__ import annotations

from collections.abc import Iterator

from captools.findings._vip import (
    LEASES,
    arpings_of,
    by_inventory,
    by_text,
    called,
    counts,
    machine,
    subject,
    where_printed,
)
from captools.findings._words import MAX_EVIDENCE, counted, listed
from captools.model.analysis import Analysis
from captools.model.arp import Arping, Claim, Resolution
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity

SURE_ASKS = 2  # answered twice: one such question may be a handover caught in the act


def _judge(analysis: Analysis) -> Iterator[Finding]:
    seen: set[str] = set()
    for one in analysis.arp:
        seen.add(one.address)
        if contested(analysis, one):
            yield _finding(analysis, one)
    for address in dict.fromkeys(run.address for run in analysis.cluster.arpings):
        if address not in seen and analysis.cluster.is_vip(address):
            yield from (_by_text(analysis, one) for one in arpings_of(analysis, address) if _printed(analysis, one))


def contested(analysis: Analysis, one: Resolution) -> bool:
    """Tell whether two machines answer for an address at once: such a one does not move, it is fought for.

    A question that both answer while one hands over to the other does not count: afterwards one alone answers.
    """
    if one.doubled is None or not counts(analysis, one.address) or len(_rivals(one)) < 2:
        return False
    settled = one.doubled.asks < SURE_ASKS and one.claims[-1].answers > 1
    known = analysis.cluster.is_vip(one.address) or one.doubled.asks >= SURE_ASKS
    return known and not settled


def _rivals(one: Resolution) -> list[Claim]:
    """Return one claim of each machine that answered a question together with another.

    Cards of one machine are one, and those that speak for others do not count: virtual MAC addresses, proxy ARP.
    """
    found: dict[str, Claim] = {}
    for claim in one.claims:
        if one.doubled is not None and claim.mac in one.doubled.macs and not (claim.virtual or claim.proxy):
            found.setdefault(claim.node or claim.mac, claim)
    return list(found.values())


def _finding(analysis: Analysis, one: Resolution) -> Finding:
    assert one.doubled is not None
    rivals = _rivals(one)
    who = listed(machine(claim) for claim in rivals)
    points = tuple(dict.fromkeys(proof.point for proof in one.doubled.evidence))
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=_confidence(analysis, one, rivals),
        statement=(
            f"{len(rivals)} machines answer ARP for {called(analysis.cluster, one.address)} at once: {who}. "
            # Questions that follow each other at once are counted as one: two points may have seen the same.
            f"At least {counted(one.doubled.asks, 'question')} had an answer from each of them, seen at {listed(points)}: which "
            "one a client keeps is chance, and its connections break when that changes."
        ),
        subject=subject(analysis.cluster, one.address, node=rivals[0].node or None),
        evidence=tuple(one.doubled.evidence[:MAX_EVIDENCE]),
        coverage=Coverage(points=points, reason="the answers themselves were seen"),
        remedy=(
            f"{LEASES} names the one node that may announce it; on the others: ip addr show | grep {one.address}, and look "
            "for a second announcer (MetalLB, kube-vip, a static address)"
        ),
    )


def _confidence(analysis: Analysis, one: Resolution, rivals: list[Claim]) -> Confidence:
    if not analysis.cluster.is_vip(one.address):
        return Confidence.POSSIBLE
    known = all(claim.node for claim in rivals)
    often = one.doubled is not None and one.doubled.asks >= SURE_ASKS
    return Confidence.PROVEN if known and often else Confidence.LIKELY if known or often else Confidence.POSSIBLE


def _printed(analysis: Analysis, one: Arping) -> bool:
    """Tell whether arping printed more answers than questions, by two machines in turn.

    Several answers of one MAC address are copies of one: the field's own logs hold such.
    """
    turns = sum(1 for old, new in zip(one.macs, one.macs[1:], strict=False) if old != new)
    owners = {by_inventory(analysis.cluster, mac) or mac for mac in one.macs}
    return len(owners) > 1 and turns > 1 and (one.received or 0) > (one.sent or 0)


def _by_text(analysis: Analysis, one: Arping) -> Finding:
    owners = [by_inventory(analysis.cluster, mac) or "an unknown machine" for mac in dict.fromkeys(one.macs)]
    who = listed(f"{owner} ({mac})" for owner, mac in zip(owners, dict.fromkeys(one.macs), strict=True))
    return by_text(
        RULE,
        analysis.cluster,
        one.address,
        f"arping got more answers than it asked questions for {called(analysis.cluster, one.address)} by turns from "
        f"{who} ({where_printed([one])}).",
        f"{LEASES} names the one node that may announce it",
    )


RULE = FindingRule(
    id="vip-conflict",
    severity=Severity.ERROR,
    title="Two machines answer ARP for one load-balancer address",
    judge=_judge,
)
