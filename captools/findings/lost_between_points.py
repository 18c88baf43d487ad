"""lost-between-points: packets came as far as one point and never to the next one, and nobody said why.

What the outcome of a path calls lost has passed every guard of DESIGN, section 8. Where the next point cannot be relied
on, but the pod's own interface would have shown an answer and shows none, the loss is told as likely, without its place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from captools.findings import (
    _broken_off,
    _some_lost,
    mtu_black_hole,
    routing_black_hole,
    vip_moved,
    vip_unanswered,
    wireguard_handshake_failing,
)
from captools.findings._dns import Lookup, lookup
from captools.findings._hubble import dropped
from captools.findings._words import MAX_EVIDENCE, counted, listed, named, proof, typed
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence, Coverage, Evidence
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.flows import Flow, proto_name
from captools.model.packets import Proto
from captools.model.paths import Outcome, Path, Way

_MOST_NAMES = 3  # that DNS had answered: a policy by name seldom meets more at once


class _Place(NamedTuple):
    """Where it ended: the last point that saw it, the first one that did not ("" where that cannot be told), which way.

    ``mute``: then the interface that would have shown the answer.
    """

    after: str
    before: str
    way: Way
    mute: str = ""


def _judge(analysis: Analysis) -> Iterator[Finding]:
    groups: dict[_Place, list[Path]] = defaultdict(list)
    for path in analysis.paths:
        place = _place(path)
        if place is not None and not _explained(analysis, path):
            groups[place].append(path)
    for place, paths in groups.items():
        yield _finding(analysis, place, paths)
    yield from _broken_off.findings(analysis, RULE)
    yield from _some_lost.findings(analysis, RULE, _explained)


def _place(path: Path) -> _Place | None:
    """Return where a conversation was lost, None where none was."""
    if path.outcome is Outcome.LOST and path.lost_between:
        return _Place(*path.lost_between, Way.REPLY if path.reply_packets else Way.FORWARD)
    if path.outcome is Outcome.UNKNOWN and path.no_answer_at:
        return _Place(path.last_seen, "", Way.FORWARD, path.no_answer_at)
    return None


def _explained(analysis: Analysis, path: Path) -> bool:
    """Tell whether another rule says why: one cause is one finding."""
    rules = (routing_black_hole, wireguard_handshake_failing, vip_unanswered, vip_moved)
    return any(rule.explains(analysis, path) for rule in rules) or any(
        mtu_black_hole.explains(analysis, path, way) for way in Way
    )


def _finding(analysis: Analysis, place: _Place, paths: list[Path]) -> Finding:
    after, before, way, mute = place
    called = {(path.flow.src, path.flow.dst): path for path in reversed(paths)}  # the first path between each two
    asked = [
        (path, found) for path in [*called.values()][-1 : -1 - _MOST_NAMES : -1] if (found := _lookup(analysis, path))
    ]
    sentences = [
        _what(analysis, paths, way),
        _where(after, before, mute),
        _who(analysis, after, before, paths[0]),
        _by_hubble(analysis, paths, way),
        *(_named_by_dns(analysis, path, found) for path, found in asked),
        _fine(analysis, paths),
    ]
    evidence = [one.saying(_shows(before, way)) for path in paths for one in path.last_evidence]
    evidence += [one for _, found in asked for one in proof([found.hop], f"DNS answered {found.name}")]
    seen = sorted({point for path in paths for point in path.points})
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.PROVEN if before else Confidence.LIKELY,
        statement=" ".join(sentence for sentence in sentences if sentence),
        subject=_subject(analysis, place, paths),
        evidence=(*_begun(paths, way, after), *dict.fromkeys(evidence))[:MAX_EVIDENCE],
        coverage=Coverage(
            points=tuple(dict.fromkeys((*seen, *([before] if before else [])))),
            reason=paths[0].reason,
        ),
        remedy=_remedy(analysis, place, paths, by_name=bool(asked)),
    )


def _begun(paths: Sequence[Path], way: Way, after: str) -> tuple[Evidence, ...]:
    """Return the proof that the packets were sent: where the first of the conversations was first seen."""
    hops = [hop for hop in paths[0].ways(way)[:1] if hop.point != after]
    return proof(hops, "sent here" if way is Way.FORWARD else "answered here")


def _what(analysis: Analysis, paths: Sequence[Path], way: Way) -> str:
    """Say who called whom how often, and got no answer."""
    sources = listed(named(analysis.cluster, one) for one in dict.fromkeys(path.flow.src for path in paths))
    ends = dict.fromkeys((path.flow.dst, path.flow.dport) for path in paths)
    targets = listed(named(analysis.cluster, address, port=port) for address, port in ends)
    if way is Way.REPLY:
        answers = sum(path.reply_packets for path in paths)
        return f"{targets} answered {sources} in vain: its answers ({counted(answers, 'packet')})"
    sent = sum(path.request_packets for path in paths)
    it = "it" if len({path.flow.src for path in paths}) == 1 else "they"
    return f"{sources} got no answer from {targets} to {_counted(paths, sent)}{_attempts(paths)}. What {it} sent"


def _counted(paths: Sequence[Path], sent: int) -> str:
    flows = [path.flow for path in paths]
    if all(path.opened for path in paths):
        return counted(sent, "SYN")
    if all(flow.proto in (Proto.ICMP, Proto.ICMPV6) for flow in flows):
        return counted(sent, "ping")
    kinds = {proto_name(flow.proto).upper() for flow in flows}
    return counted(sent, f"{kinds.pop()} packet" if len(kinds) == 1 else "packet")


def _attempts(paths: Sequence[Path]) -> str:
    return f" of {counted(len(paths), 'connection attempt')}" if all(path.opened for path in paths) else ""


def _where(after: str, before: str, mute: str) -> str:
    if before:
        return f"came as far as {after} and never to {before}, the next point that was listening."
    if after == mute:
        return f"came to {after}, the pod's own interface, which shows no answer although it shows the pod's other packets."
    return (
        f"came as far as {after}. Whether it reached the pod cannot be told from here; {mute} would have shown the pod's "
        "answer and shows none, although it shows the pod's other packets."
    )


def _named_by_dns(analysis: Analysis, path: Path, found: Lookup) -> str:
    return (
        f"DNS had answered: {named(analysis.cluster, found.server)} told {named(analysis.cluster, path.flow.src)} that "
        f"{found.name} is {path.flow.dst}."
    )


def _lookup(analysis: Analysis, path: Path) -> Lookup | None:
    return lookup(analysis, path.flow.src, path.flow.dst, path.first_ns)


def _who(analysis: Analysis, after: str, before: str, path: Path) -> str:
    """Say who dropped them, where both points are of one node, and that it was done in silence."""
    here, there = after.partition("/")[0], before.partition("/")[0]
    silent = "nobody refused them, so that the sender waits until it gives up"
    if before and here != there:
        return f"Something on the way from {here} to {there} dropped them: {silent}."
    if before:
        return f"{here} dropped them between the two{_policy(analysis, after, before, path)}: {silent}."
    if after == path.no_answer_at:
        return f"The pod itself took them and did not answer: {silent}."
    return f"Either {here} dropped them on the way to the pod, as a policy does, or the pod did not answer: {silent}."


def _by_hubble(analysis: Analysis, paths: Sequence[Path], way: Way) -> str:
    """Repeat Hubble's own word, where it was asked and saw one of them dropped."""
    flows = [path.flow for path in paths[:_MOST_NAMES]]
    if way is Way.REPLY:
        flows = [Flow(one.dst, one.src, one.proto, one.dport, one.sport) for one in flows]
    said = next((one for flow in flows if (one := dropped(analysis, flow)) is not None), None)
    if said is None:
        return ""
    where = f" ({said.file}, line {said.line})" if said.file else ""
    return f"Hubble says so too: {f'{said.node}, ' if said.node else ''}{said.kind}, {said.verdict}{where}."


def _policy(analysis: Analysis, after: str, before: str, path: Path) -> str:
    if before == _interface(analysis, path.flow.dst):
        return ", as a policy does that does not allow them into the pod"
    if after == _interface(analysis, path.flow.src):
        return ", as a policy does that does not allow them out of the pod"
    return ""


def _fine(analysis: Analysis, paths: Sequence[Path]) -> str:
    """Say what to the same destination was answered: the difference is what to look at."""
    targets = {path.flow.dst for path in paths}
    fine = [one for one in analysis.paths if one.outcome is Outcome.DELIVERED and one.flow.dst in targets]
    if not fine:
        return ""
    words = [f"{named(analysis.cluster, one.flow.src)} {_service(one.flow)}" for one in fine if one.reply_packets]
    return f"The same address did answer {listed(words)}." if words else ""


def _service(flow: Flow) -> str:
    return f"on port {flow.dport}" if flow.dport is not None else f"by {proto_name(flow.proto).upper()}"


def _shows(before: str, way: Way) -> str:
    what = "request" if way is Way.FORWARD else "answer"
    return f"the {what} was last seen here" + (f", and never at {before}" if before else ", and never answered")


def _subject(analysis: Analysis, place: _Place, paths: Sequence[Path]) -> dict[str, Any]:
    """Return what all of the conversations have in common."""
    here, there = place.after.partition("/")[0], place.before.partition("/")[0]
    ends = {name: {getattr(path.flow, name) for path in paths} for name in ("src", "dst", "dport", "proto")}
    src, dst, dport, proto = (found.pop() if len(found) == 1 else None for found in ends.values())
    pod = analysis.cluster.pod_of(dst) if dst else None
    return {
        "src": src, "dst": dst, "dport": dport, "proto": proto_name(proto) if proto is not None else None,
        "node": here if there in ("", here) else None, "pod": pod.full_name if pod else None,
        "name": f"{place.after} to {place.before}" if place.before else f"behind {place.after}",
    }  # fmt: skip


def _remedy(analysis: Analysis, place: _Place, paths: Sequence[Path], *, by_name: bool) -> str:
    """Return the command to run next, where the packets died."""
    after, before = place.after, place.before
    here, there = after.partition("/")[0], before.partition("/")[0]
    flow = paths[0].flow
    cluster, pods = analysis.cluster, [analysis.cluster.pod_of(address) for address in (flow.src, flow.dst)]
    src, dst = (flow.src, flow.dst) if place.way is Way.FORWARD else (flow.dst, flow.src)
    if before and here != there:
        return (
            f"look at what lies between {here} and {there} (firewall, security group, switch): on {here}: ip route get "
            f"{dst}; on {there}: ip -s link show dev {typed(before.partition('/')[2])}, and nft list ruleset on both"
        )
    node = cluster.node(here)
    if node is None or not node.in_cluster:
        return f"on {here}: nft list ruleset, and ip route get {dst} from {src} iif {typed(after.partition('/')[2])}"
    words = ("from", "to") if place.way is Way.FORWARD else ("to", "from")
    ends = "".join(
        f" --{word}-pod {typed(pod.full_name)}" for word, pod in zip(words, pods, strict=True) if pod is not None
    )
    asked = (
        "; cilium-dbg fqdn names tells the names that policies let by, cilium-dbg fqdn cache list the addresses learnt for "
        "them"
        if by_name
        else ""
    )
    return (
        f"hubble observe --verdict DROPPED{ends} (or on {here}: cilium-dbg monitor --type drop), then kubectl get "
        f"networkpolicies,ciliumnetworkpolicies,ciliumclusterwidenetworkpolicies -A{asked}"
    )


def _interface(analysis: Analysis, address: str) -> str:
    pod = analysis.cluster.pod_of(address)
    return f"{pod.node}/{pod.interface}" if pod is not None and pod.interface else ""


RULE = FindingRule(
    id="lost-between-points",
    severity=Severity.ERROR,
    title="Packets were dropped silently between two points",
    judge=_judge,
)
