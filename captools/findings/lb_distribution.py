"""lb-distribution: which share of the connections (or requests) each backend got, and whether chance explains it."""

from __future__ import annotations

from collections.abc import Iterator

from captools.findings._words import MAX_EVIDENCE, counted, listed, named, typed
from captools.model.analysis import Analysis
from captools.model.cluster import AddressKind, Cluster
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.services import Distribution, Policy, Share

# DESIGN, section 8: rarer than this is no chance any more. Of a hundred services looked at daily one would fall below it
# by chance once in 27 years.
SUSPICIOUS = 1e-6
MOST_TOLD = 12  # services that have a note each: nobody reads a hundred alike
MOST_SHARES = 20  # backends that are told one by one: the ten with most and the ten with fewest
_USUAL = 0.01  # what comes in one of a hundred runs is nothing to wonder about
_CONFIGURED = (Policy.RANDOM, Policy.WEIGHTED)


def _judge(analysis: Analysis) -> Iterator[Finding]:
    every = sorted(analysis.services.distributions, key=lambda one: (not _grave(one), -one.total))
    told = max(MOST_TOLD, sum(map(_grave, every)))
    for one in every[:told]:
        yield _finding(analysis.cluster, one)
    if every[told:]:
        yield _rest(analysis.cluster, every[told:])


def _grave(one: Distribution) -> bool:
    """Tell whether chance cannot explain the shares; without a service address on the wire there may be no balancer."""
    return bool(one.address) and one.chance is not None and one.chance < SUSPICIOUS and one.policy in _CONFIGURED


def _rest(cluster: Cluster, several: list[Distribution]) -> Finding:
    """Return one note for all further services, with which nothing is wrong."""
    names = [one.name or named(cluster, one.address, port=one.port) for one in several]
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=max((one.confidence for one in several), key=list(Confidence).index),
        statement=f"Of {len(several)} more services the shares are no proof of a fault: {listed(names, most=MOST_TOLD)}.",
        subject={"name": ", ".join(names)},
        evidence=tuple(one.evidence[0] for one in several if one.evidence)[:MAX_EVIDENCE],
        coverage=Coverage(points=tuple(dict.fromkeys(point for one in several for point in one.points))),
    )


def _finding(cluster: Cluster, one: Distribution) -> Finding:
    grave = _grave(one)
    kind = cluster.kind(one.address) if one.address else AddressKind.OTHER
    meant = f"That {one.name} was meant is not on the wire: {one.named_by}." if one.named_by else ""
    parts = (f"{_what(cluster, one)}: {_shares(one)}.", _expected(one), _verdict(one), meant)
    statement = " ".join(part for part in parts if part)
    return Finding(
        rule=RULE.id,
        severity=Severity.WARNING if grave else RULE.severity,
        # The counts are seen; which backends were ready at each moment the inventory of one moment cannot prove.
        confidence=Confidence.LIKELY if grave and one.confidence is Confidence.PROVEN else one.confidence,
        statement=statement,
        subject={
            "vip" if kind is AddressKind.VIP else "dst": one.address or None,
            "dport": one.port,
            "name": one.name or None,
            "node": one.node or None,
        },
        evidence=one.evidence[:MAX_EVIDENCE],
        coverage=Coverage(points=one.points, reason=one.untested),
        remedy=_remedy(one) if grave else "",
    )


def _what(cluster: Cluster, one: Distribution) -> str:
    clients = listed((named(cluster, address) for address, _ in one.clients), most=3)
    to = named(cluster, one.address, port=one.port)
    if one.policy is Policy.WEIGHTED:
        return (
            f"{counted(one.total, one.what)} of {clients} to {to} under {one.name} fell on {len(one.shares)} Services"
        )
    if one.address:
        return f"{counted(one.total, one.what)} of {clients} to {to} were spread over {len(one.shares)} backends"
    verb = (
        "were spread"
        if one.what == "request"
        else "went straight to pod addresses, without a service address on the wire"
    )
    return f"{counted(one.total, one.what)} of {clients} for {one.name} {verb}"


def _shares(one: Distribution) -> str:
    every = [
        f"{share.name}{f' on {share.node}' if share.node else ''} {share.count} ({100 * share.count / one.total:.0f} %)"
        for share in sorted(one.shares, key=lambda share: -share.count)
    ]
    left = len(every) - MOST_SHARES
    # The most and the fewest tell it: whoever got none stands last.
    shown = [*every[: MOST_SHARES // 2], f"{left} more", *every[-MOST_SHARES // 2 :]] if left > 0 else every
    return ", ".join(shown)


def _expected(one: Distribution) -> str:
    if any(share.expected is None for share in one.shares):
        return ""
    parts = {round(share.expected or 0.0, 6) for share in one.shares}
    if len(parts) == 1:
        return f"Expected are {100 * parts.pop():.0f} % each ({one.why})."
    wanted = listed(f"{share.name} {100 * (share.expected or 0.0):.0f} %" for share in one.shares)
    return f"Expected are {wanted} ({one.why})."


def _verdict(one: Distribution) -> str:
    if one.chance is None:
        return f"No test of chance: {one.untested}."
    if one.chance >= _USUAL:
        return (
            f"By chance alone, shares at least as uneven come in {100 * one.chance:.0f} of 100 runs: nothing unusual."
        )
    rare = f"By chance alone, shares at least as uneven come in {_one_of(one.chance)}"
    if one.chance >= SUSPICIOUS:
        return f"{rare}: rare, but no proof of a fault."
    if one.policy in _CONFIGURED:
        never = [share for share in one.shares if not share.count and share.expected]
        return f"{rare}: that is no chance.{_never(never)}"
    return f"{rare}: they are not drawn at random with equal shares; {one.why}."


def _one_of(chance: float) -> str:
    if chance <= 0:
        return "no run at all"
    return f"one of {float(f'{1 / chance:.2g}'):,.0f} runs" if chance > 1e-12 else "fewer than one of 10^12 runs"


def _never(missing: list[Share]) -> str:
    return f" {listed(share.name for share in missing)} got none at all." if missing else ""


def _remedy(one: Distribution) -> str:
    if one.policy is Policy.WEIGHTED:
        return (
            "compare the weights that the proxy has (cilium-dbg envoy admin config routes) with those that were configured "
            "(kubectl get httproutes -A -o yaml)"
        )
    namespace, slash, name = one.name.partition("/")
    pick = (
        f"-n {typed(namespace)} -l {typed(f'kubernetes.io/service-name={name}')} -o yaml"
        if slash and " or " not in name
        else "-A"
    )
    node = f"on {one.node}: " if one.node else ""
    return (
        f"see which backends were ready all the time (kubectl get endpointslices {pick}), and what the datapath chooses "
        f"from ({node}cilium-dbg bpf lb list)"
    )


RULE = FindingRule(
    id="lb-distribution",
    severity=Severity.NOTE,
    title="How connections or requests were spread over backends",
    judge=_judge,
)
