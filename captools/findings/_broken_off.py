"""Connections that worked until some moment, from which on nothing of one side got through any more.

A part of lost-between-points: the whole conversation was not lost, but all that one side sent at its end, whatever its size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from captools.findings import vip_moved, wireguard_handshake_failing
from captools.findings._stuck import Trouble, troubles
from captools.findings._words import MAX_EVIDENCE, counted, listed, named
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule
from captools.model.paths import Outcome, Path
from captools.model.tcp import Stuck
from captools.model.units import duration, rfc3339


def findings(analysis: Analysis, rule: FindingRule) -> Iterator[Finding]:
    """Yield what ``rule`` is to say of connections that broke off, one finding for each place."""
    groups: dict[tuple[str, str], list[Trouble]] = defaultdict(list)
    for one in _placed(analysis):
        groups[one.stuck.furthest, one.stuck.missed].append(one)
    for found in groups.values():
        yield _finding(analysis, rule, found)


def explained(analysis: Analysis) -> set[int]:
    """Return the paths of which this says what became of them."""
    return {one.stuck.path for one in _placed(analysis)}


def _placed(analysis: Analysis) -> Iterator[Trouble]:
    for one in troubles(analysis):
        answered = one.path.outcome is Outcome.DELIVERED and one.stuck.missed and not one.stuck.ended
        if answered and not one.stuck.for_its_size and not _has_another_reason(analysis, one.path):
            yield one


def _has_another_reason(analysis: Analysis, path: Path) -> bool:
    """Tell whether another rule says why a conversation ended: its address moved, or the nodes' tunnel failed."""
    return any(rule.explains(analysis, path) for rule in (vip_moved, wireguard_handshake_failing))


def _finding(analysis: Analysis, rule: FindingRule, found: list[Trouble]) -> Finding:
    first, cluster = found[0], analysis.cluster
    stuck = first.stuck
    sport, dport = first.ports
    senders = listed(named(cluster, one.sender, port=one.ports[0]) for one in found)
    receivers = listed(named(cluster, one.receiver, port=one.ports[1]) for one in found)
    many = f" ({counted(len(found), 'connection')})" if len(found) > 1 else ""
    here, there = _machine(stuck.furthest), _machine(stuck.missed)
    seen = (
        f"{_what(first)} came as far as {stuck.furthest} and never to {stuck.missed}, which earlier packets of the connection "
        f"had passed{f' ({stuck.blind})' if stuck.blind else ''}"
    )
    pod = cluster.pod_of(first.sender)
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        confidence=_confidence(first),
        statement=(
            f"{senders} talked with {receivers}{many} until {rfc3339(stuck.first_ns)[11:23]} UTC. From then on "
            f"{_nothing(found)}: {seen}. {_dropped(stuck)}"
        ),
        subject={
            "src": first.sender, "dst": first.receiver, "sport": sport, "dport": dport, "proto": "tcp",
            "node": here if here and here == there else None, "pod": pod.full_name if pod else None,
            "name": f"{stuck.furthest} to {stuck.missed}",
        },
        evidence=tuple(dict.fromkeys(proof for one in found for proof in one.stuck.proof))[:MAX_EVIDENCE],
        coverage=Coverage(
            points=tuple(dict.fromkeys(point for one in found for point in one.path.points)),
            reason=stuck.blind or f"{stuck.missed} was listening",
        ),
        remedy=_remedy(analysis, here, there, first),
    )  # fmt: skip


def _what(one: Trouble) -> str:
    stuck = one.stuck
    took = duration(stuck.last_ns - stuck.first_ns)
    if stuck.keepalive:
        end = ", and the reset behind them," if stuck.given_up else ""
        return f"{counted(stuck.copies, 'keepalive')} in {took}, none of them answered{end}"
    what = f"the same {stuck.payload_bytes:,} bytes" if stuck.payload_bytes else "its FIN"
    return f"{what}, sent {stuck.copies} times in {took} and never acknowledged,"


def _nothing(found: list[Trouble]) -> str:
    after = sum(one.stuck.passed_after for one in found)
    if not after:
        return "nothing that it sent got through"
    return f"something that it sent did not get through, although {counted(after, 'later packet')} of it did"


def _dropped(stuck: Stuck) -> str:
    silent = "nobody refused them, so that each side has to find out by itself"
    here = _machine(stuck.furthest)
    who = here if here and here == _machine(stuck.missed) else "something"
    if stuck.blind and not stuck.uncounted:
        return f"If it was listening, {who} between the two dropped them: {silent}."
    return f"{who[:1].upper() + who[1:] if who == 'something' else who} dropped them between the two: {silent}."


def _machine(point: str) -> str:
    """Return the machine of a point, or nothing where its name tells none."""
    node, slash, _ = point.partition("/")
    return node if slash else ""


def _confidence(one: Trouble) -> Confidence:
    """Proven where the next point was listening, and likely where only its capture tool's counts are missing."""
    if not one.stuck.blind:
        return Confidence.PROVEN
    return Confidence.LIKELY if one.stuck.uncounted else Confidence.POSSIBLE


def _remedy(analysis: Analysis, here: str, there: str, one: Trouble) -> str:
    node = analysis.cluster.node(here)
    if node is not None and node.in_cluster:
        look = (
            f"cilium-dbg bpf ct list global | grep {one.receiver}, hubble observe --verdict DROPPED, nft list ruleset"
        )
    else:
        look = f"nft list ruleset (or iptables -S), conntrack -L | grep {one.receiver}"  # -d would be the opener's target only
    if not here:
        place = f"on the machine between {one.stuck.furthest} and {one.stuck.missed}"
    else:
        place = f"on {here}" if here == there else f"on {here} and on {there}"
    return f"look for what forgets or filters established connections: {place}: {look}"
