"""mtu-black-hole: large packets vanish on a way that small ones pass, and no ICMP error makes the sender send smaller ones."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping

import pyarrow.compute as pc

from captools.findings._stuck import Trouble, troubles
from captools.findings._words import MAX_EVIDENCE, counted, listed, named
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.mtu import ToldMtu
from captools.model.packets import Proto
from captools.model.paths import Path, Way
from captools.model.units import duration

_SMALL = (
    576  # every host takes packets so large (RFC 791, section 3.1): that smaller ones arrive tells nothing of the MTU
)
_ETHERNET = 14
_HEADERS_4, _HEADERS_6 = 28, 48  # IP and ICMP, which ping does not count
_Group = tuple[str, str]  # the points around the loss, or else the two ends
_Talks = Mapping[frozenset[str], list[int]]  # two ends, and when their conversations that were answered began, in order


def _judge(analysis: Analysis) -> Iterator[Finding]:
    groups: dict[_Group, list[Trouble]] = defaultdict(list)
    for one in _for_their_size(analysis):
        key = (one.stuck.furthest, one.stuck.missed) if one.stuck.missed else (one.sender, one.receiver)
        groups[key].append(one)
    talks = _talks(analysis) if groups else {}
    for found in groups.values():
        yield _finding(analysis, found, talks)


def explained(analysis: Analysis) -> set[int]:
    """Return the paths of whose repetitions this rule says the reason: then no other rule needs to."""
    return {one.stuck.path for one in _for_their_size(analysis)}


def explains(analysis: Analysis, path: Path, way: Way) -> bool:
    """Tell whether this rule says why packets of one way of a path did not get through.

    That goes for whatever else was lost at the same place and is too large for it, such as long pings.
    """
    return any(
        one.path is path and one.stuck.way is way or _too_large(path, way, one) for one in _for_their_size(analysis)
    )


def _for_their_size(analysis: Analysis) -> Iterator[Trouble]:
    return (one for one in troubles(analysis) if one.stuck.for_its_size)


def _too_large(path: Path, way: Way, one: Trouble) -> bool:
    """Tell whether a conversation was lost where ``one`` was, with packets that are larger than any that passed there."""
    stuck = one.stuck
    if path.lost_between != (stuck.furthest, stuck.missed):
        return False
    sizes = [hop.wire_len - _ETHERNET for hop in path.ways(way) if hop.point == stuck.furthest]
    return bool(sizes) and min(sizes) > stuck.largest_passed


def _finding(analysis: Analysis, found: list[Trouble], talks: _Talks) -> Finding:
    first, cluster = found[0], analysis.cluster
    lost, passed = min(one.stuck.smallest_lost for one in found), max(one.stuck.largest_passed for one in found)
    senders = listed(named(cluster, one.sender, port=one.ports[0]) for one in found)
    receivers = listed(named(cluster, one.receiver) for one in found)
    told = _told(analysis, found)
    sure = min((_confidence(one, talks) for one in found), key=list(Confidence).index)
    statement = (
        f"Large packets from {senders} to {receivers} {_vanish(sure)}{_where(first)}: {_copies(found)}, while packets of up to "
        f"{passed:,} bytes arrived{_afterwards(found, talks)}. {_silence(analysis, found, told)} The MTU of this "
        f"way is {_range(passed, lost)} bytes{_believed(analysis, first)}."
    )
    sport, dport = first.ports
    pod = cluster.pod_of(first.sender)
    node = _node(first)
    proof = [one for trouble in found for one in (*trouble.stuck.proof, *trouble.stuck.small_proof)]
    proof += [one for word in told for one in word.evidence]
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=sure,
        statement=statement,
        subject={
            "src": first.sender, "dst": first.receiver, "sport": sport, "dport": dport, "proto": "tcp", "node": node or None,
            "pod": pod.full_name if pod else None,
            "name": f"{first.stuck.furthest} to {first.stuck.missed}" if first.stuck.missed else None,
        },
        evidence=tuple(dict.fromkeys(proof))[:MAX_EVIDENCE],
        coverage=Coverage(
            points=tuple(dict.fromkeys(point for one in found for point in one.path.points)),
            reason=_reason(first),
        ),
        remedy=_remedy(first, passed, lost),
    )  # fmt: skip


def _range(passed: int, lost: int) -> str:
    return f"at least {passed:,} and less than {lost:,}" if passed >= _SMALL else f"less than {lost:,}"


def _vanish(sure: Confidence) -> str:
    return "may vanish" if sure is Confidence.POSSIBLE else "vanish"


def _where(one: Trouble) -> str:
    if not one.stuck.missed:
        return f" somewhere behind {one.stuck.furthest or one.stuck.point}"
    perhaps = ", as far as can be told," if one.stuck.blind else ""
    return f"{perhaps} between {one.stuck.furthest} and {one.stuck.missed}"


def _copies(found: list[Trouble]) -> str:
    """Say how often the bytes were sent, in how much time."""
    worst = max(found, key=lambda one: one.stuck.copies).stuck
    took = duration(worst.last_ns - worst.first_ns)
    first = f"the same {worst.smallest_lost:,} bytes were sent {worst.copies} times in {took} and never acknowledged"
    more = len(found) - 1
    return first if not more else f"{first}, and so it went in {counted(more, 'more connection')}"


def _afterwards(found: list[Trouble], talks: _Talks) -> str:
    """Say what shows that the way was not simply closed."""
    after = sum(one.stuck.passed_after for one in found)
    if after:
        return f", {counted(after, 'packet')} of the same connection after the first large one had gone"
    since: dict[frozenset[str], int] = {}
    for one in found:
        ends = _ends(one.path)
        since[ends] = min(one.stuck.first_ns, since.get(ends, one.stuck.first_ns))
    others = sum(_later(talks, ends, first_ns) for ends, first_ns in since.items())
    if others:
        return f", and {counted(others, 'later conversation')} between the same two did get through"
    return " before them"


def _talks(analysis: Analysis) -> _Talks:
    """Return when the conversations began that were answered, by their two ends: looked through once, however many are stuck."""
    found: dict[frozenset[str], list[int]] = defaultdict(list)
    for path in analysis.paths:
        if path.request_packets and path.reply_packets:
            found[_ends(path)].append(path.first_ns)
    return {ends: sorted(times) for ends, times in found.items()}


def _ends(path: Path) -> frozenset[str]:
    return frozenset((path.flow.src, path.flow.dst))


def _later(talks: _Talks, ends: frozenset[str], first_ns: int) -> int:
    """Count the conversations of two addresses that began after a loss and were answered."""
    times = talks.get(ends, [])
    return len(times) - bisect_right(times, first_ns)


def _told(analysis: Analysis, found: list[Trouble]) -> list[ToldMtu]:
    ways = {(one.stuck.path, one.stuck.way) for one in found}
    return [word for word in analysis.path_mtus if (word.path, word.way) in ways]


def _silence(analysis: Analysis, found: list[Trouble], told: list[ToldMtu]) -> str:
    """Say what is known of ICMP errors about it."""
    others = _other_errors(analysis)
    if not told and others:
        return (
            f"{counted(others, 'ICMP error')} about packets too large came by, but about none of these: of other "
            "conversations, or of a tunnel around them (icmp.type == 3 && icmp.code == 4)."
        )
    if not told:
        return (
            "No ICMP error about it (fragmentation needed) came by at any point captured, so nothing tells the sender."
        )
    word = told[0]
    said = f"{named(analysis.cluster, word.by)} did say by ICMP that its next link takes {word.mtu:,} bytes"
    if word.home:
        return f"{said}, and {word.home} shows it, but the sender did not go by it."
    return f"{said}; that was seen at {listed(word.points)}, and not at the sender's own {_home(found[0])}."


def _other_errors(analysis: Analysis) -> int:
    """Return how many frames of the captures are ICMP errors about packets too large, whatever they are about."""
    packets = analysis.packets
    four = pc.and_(pc.equal(packets["icmp_type"], 3), pc.equal(packets["icmp_code"], 4))
    six = pc.and_(pc.equal(packets["proto"], Proto.ICMPV6), pc.equal(packets["icmp_type"], 2))
    return len(packets.filter(pc.fill_null(pc.or_(pc.and_(four, pc.equal(packets["proto"], Proto.ICMP)), six), False)))


def _home(one: Trouble) -> str:
    hops = one.path.ways(one.stuck.way)
    return hops[0].point if hops else one.stuck.point


def _believed(analysis: Analysis, one: Trouble) -> str:
    """Say what the sending side believes, by its own link."""
    name, _, interface = (one.stuck.furthest or one.stuck.point).partition("/")
    node = analysis.cluster.node(name)
    link = node.link(interface) if node else None
    return f", although {name}/{interface} is set to an MTU of {link.mtu:,}" if link and link.mtu else ""


def _confidence(one: Trouble, talks: _Talks) -> Confidence:
    """Proven where points show both sides of the loss and smaller packets going on; likely where one of the two is missing."""
    alive = bool(one.stuck.passed_after or _later(talks, _ends(one.path), one.stuck.first_ns))
    placed = bool(one.stuck.missed) and not one.stuck.blind
    if alive and placed:
        return Confidence.PROVEN
    return Confidence.LIKELY if alive or placed or one.stuck.peer_after else Confidence.POSSIBLE


def _node(one: Trouble) -> str:
    """Return the node that dropped them, where both points of the loss are its own."""
    here, there = (point.partition("/")[0] for point in (one.stuck.furthest, one.stuck.missed))
    return here if here == there else ""


def _reason(one: Trouble) -> str:
    stuck = one.stuck
    if not stuck.missed:
        return (
            f"no point behind {stuck.furthest or stuck.point} was captured, so that the place of the loss is not known"
        )
    return stuck.blind or f"seen at {stuck.furthest} and not at {stuck.missed}, which was listening"


def _remedy(one: Trouble, passed: int, lost: int) -> str:
    headers = _HEADERS_6 if ":" in one.receiver else _HEADERS_4
    near, far = one.stuck.furthest or one.stuck.point, one.stuck.missed or "the next point"
    node, slash, _ = near.partition("/")
    passes = f"ping -M do -s {passed - headers} {one.receiver} passes and " if passed >= _SMALL else ""
    return (
        f"find the MTU: on {node if slash else 'the sender'}, {passes}ping -M do -s {lost - headers} {one.receiver} "
        f"{'does not' if passes else 'should not pass'}; compare it with ip -d link show at {near}, at {far} and of what lies "
        "between; then repair that link, let ICMP type 3 code 4 pass, or lower the MTU that Cilium gives to pods (Helm value MTU)"
    )


RULE = FindingRule(
    id="mtu-black-hole",
    severity=Severity.ERROR,
    title="Large packets vanish where small ones pass",
    judge=_judge,
)
