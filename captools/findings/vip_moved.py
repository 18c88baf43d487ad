"""vip-moved: a load-balancer address went from one machine to another while the capture ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from captools.findings._vip import (
    LEASES,
    arpings_of,
    by_inventory,
    by_text,
    called,
    counts,
    machine,
    moment,
    subject,
    where_printed,
)
from captools.findings._words import MAX_EVIDENCE, counted, listed, named, typed
from captools.findings.vip_conflict import contested
from captools.model.analysis import Analysis
from captools.model.arp import Arping, Broken, Claim, Gap, Resolution
from captools.model.cluster import Cluster
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.paths import Path
from captools.model.units import duration

# Tells of a gap that nobody felt are left out: taking an address over takes some time.
LEAST_GAP_NS = 50_000_000
_FATES = {
    "unanswered": "got no answer any more",
    "late": "got its answer late",
    "reset": "was reset by the machine that has the address now",
}


def explains(analysis: Analysis, path: Path) -> bool:
    """Tell whether a path saw its address move: what broke, was sent again or changed its way has that reason."""
    ends = path.flow.src, path.flow.sport, path.flow.dport
    return any(
        (broken.src, broken.sport, broken.dport) == ends
        for one in analysis.arp
        if one.address == path.flow.dst and counts(analysis, one.address)
        if any(_is_move(old, new) for old, new in pairwise(one.claims))
        for gap in one.gaps
        for broken in gap.broken
    )


def _judge(analysis: Analysis) -> Iterator[Finding]:
    seen: set[str] = set()
    for one in analysis.arp:
        moves = [(old, new) for old, new in pairwise(one.claims) if _is_move(old, new)]
        if moves and counts(analysis, one.address) and not contested(analysis, one):
            seen.add(one.address)
            yield _finding(analysis, one, moves)
    for address in dict.fromkeys(run.address for run in analysis.cluster.arpings):
        runs = [one for one in arpings_of(analysis, address) if _printed_move(analysis, one)]
        if address not in seen and analysis.cluster.is_vip(address):
            yield from (_by_text(analysis, one) for one in runs)


def _is_move(old: Claim, new: Claim) -> bool:
    """Tell whether another machine took over: not another card of the same one, and none that speaks for others."""
    same = bool(old.node) and old.node == new.node
    return not (same or old.virtual or new.virtual or old.proxy or new.proxy)


def _finding(analysis: Analysis, one: Resolution, moves: list[tuple[Claim, Claim]]) -> Finding:
    cluster = analysis.cluster
    gaps = [_gap(one, new) for _, new in moves]
    told = " ".join(_move(old, new, gap) for (old, new), gap in zip(moves, gaps, strict=True))
    often = f" {len(moves)} times" if len(moves) > 1 else ""
    evidence = [proof for claim in dict.fromkeys(claim for move in moves for claim in move) for proof in claim.evidence]
    broken = [broken for gap in gaps if gap for broken in gap.broken]
    evidence += [proof for talk in broken for proof in talk.evidence]
    last = moves[-1][1]
    points = tuple(dict.fromkeys(point for move in moves for claim in move for point in claim.points))
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=_confidence(analysis, one, moves),
        statement=f"{called(cluster, one.address)} moved{often}: {told}{_talks(analysis, broken)}",
        subject=subject(cluster, one.address, node=last.node or None),
        evidence=tuple(evidence[:MAX_EVIDENCE]),
        coverage=Coverage(points=points, reason=f"both machines' own ARP was seen, at {listed(points)}"),
        remedy=(
            f"{LEASES} names the node that announces now, {_lease(cluster, one.address)} -o yaml since when (acquireTime); on a "
            f"client that still sends to the old one: ip neigh show {one.address}"
        ),
    )


def _lease(cluster: Cluster, address: str) -> str:
    """Return the command that shows the lease of an address: Cilium names it by the Service's namespace and name."""
    names = [one.full_name for one in cluster.services_at(address)]
    name = typed(f"cilium-l2announce-{names[0].replace('/', '-')}") if len(names) == 1 else "with that lease's name"
    return f"kubectl -n kube-system get lease {name}"


def _confidence(analysis: Analysis, one: Resolution, moves: list[tuple[Claim, Claim]]) -> Confidence:
    if not analysis.cluster.is_vip(one.address):
        return Confidence.POSSIBLE  # any address may be given to another machine
    known = all(old.node and new.node for old, new in moves)
    return Confidence.PROVEN if known else Confidence.LIKELY


def _gap(one: Resolution, new: Claim) -> Gap | None:
    """Return the gap that ended with a machine's first claim, where somebody felt it."""
    return next((gap for gap in one.gaps if gap.until_ns == new.first_ns), None)


def _move(old: Claim, new: Claim, gap: Gap | None) -> str:
    """Tell one move: from whom to whom, when, how it was made known, and for how long nobody answered."""
    how = (
        f"it announced itself by {counted(new.gratuitous, 'gratuitous ARP packet')}"
        if new.gratuitous
        else "without gratuitous ARP: it only answered when it was asked"
    )
    had = "had" if old.served else "answered for"
    return (
        f"{machine(old)} {had} it until {moment(old.last_ns)}, {machine(new)} has it since "
        f"{moment(new.first_ns)}; {how}. {_silence(new, gap)}"
    )


def _silence(new: Claim, gap: Gap | None) -> str:
    if gap is None or gap.until_ns is None:
        return "Nobody asked or called in between."
    least = gap.until_ns - gap.first_ns
    longest = "" if gap.since_ns is None else f" and at most {duration(gap.until_ns - gap.since_ns)}"
    if least < LEAST_GAP_NS:
        return "Nobody had to wait."
    what = listed(
        counted(number, noun) for number, noun in ((gap.asks, "ARP question"), (gap.packets, "packet")) if number
    )
    return f"Nobody answered for at least {duration(least)}{longest}: {what} went unanswered."


def _talks(analysis: Analysis, broken: list[Broken]) -> str:
    """Tell what became of the conversations that fell into the gap."""
    if not broken:
        return ""
    groups = Counter(one.fate for one in broken)
    told = []
    for fate, number in groups.items():
        ends = listed(named(analysis.cluster, one.src, port=one.sport) for one in broken if one.fate == fate)
        told.append(f"{counted(number, 'conversation')} {_FATES[fate]} ({ends})")
    return f" {listed(told)}."


def _printed_move(analysis: Analysis, one: Arping) -> bool:
    """Tell whether arping's answers came from one machine first and from another one afterwards."""
    changes = [(old, new) for old, new in pairwise(one.macs) if old != new]
    owners = {by_inventory(analysis.cluster, mac) or mac for pair in changes for mac in pair}
    return len(changes) == 1 and len(owners) > 1 and (one.received or 0) <= (one.sent or 0)


def _by_text(analysis: Analysis, one: Arping) -> Finding:
    owners = [
        f"{by_inventory(analysis.cluster, mac) or 'an unknown machine'} ({mac})" for mac in (one.macs[0], one.macs[-1])
    ]
    return by_text(
        RULE,
        analysis.cluster,
        one.address,
        f"{called(analysis.cluster, one.address)} moved from {owners[0]} to {owners[1]} while arping ran "
        f"({where_printed([one])}); its text does not tell when.",
        f"{LEASES} names the node that announces now",
    )


RULE = FindingRule(
    id="vip-moved",
    severity=Severity.WARNING,
    title="A load-balancer address moved to another machine",
    judge=_judge,
)
