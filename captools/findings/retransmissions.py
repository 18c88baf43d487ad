"""retransmissions: TCP sends a share of its segments again; what was lost on the way, or needlessly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from captools.findings import _broken_off, mtu_black_hole, path_mtu, vip_moved
from captools.findings._words import MAX_EVIDENCE, counted, listed, named, typed
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence, Coverage, Evidence
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.paths import Loss, Outcome, Path, Way
from captools.model.tcp import Stuck, TcpConnection, TcpStream
from captools.model.units import duration

# One or two may be the probes that TCP sends to learn of a lost tail (RFC 8985, section 7), or one late acknowledgment.
LEAST_SEGMENTS = 3
# A loss-based sender gets at most about 1.2 x MSS / (RTT x sqrt(share)) (Mathis and others, 1997; RFC 3819, section 8.5, is
# finer): with 1 % and 10 ms that is 14 Mbit/s, whatever the link could carry.
LEAST_SHARE = 0.01
_RATE_BYTES = 100_000  # a transfer so small has no rate worth telling


@dataclass(frozen=True, slots=True)
class _Hit:
    """One way of one connection, where its sender's repetitions are seen best: ``again`` segments, a ``share`` of all."""

    path: Path
    stream: TcpStream
    again: int
    share: float
    losses: tuple[Loss, ...]
    needless: int  # copies of what had come by at the receiver's own interface before
    stuck: Stuck | None

    @property
    def sender(self) -> str:
        return self.path.flow.src if self.stream.way is Way.FORWARD else self.path.flow.dst

    @property
    def receiver(self) -> str:
        return self.path.flow.dst if self.stream.way is Way.FORWARD else self.path.flow.src

    @property
    def ports(self) -> tuple[int | None, int | None]:
        flow = self.path.flow
        return (flow.sport, flow.dport) if self.stream.way is Way.FORWARD else (flow.dport, flow.sport)

    @property
    def worst(self) -> Loss | None:
        return max(self.losses, key=lambda one: (one.packets, one.proven), default=None)


def _judge(analysis: Analysis) -> Iterator[Finding]:
    groups: dict[tuple[str, ...], list[_Hit]] = defaultdict(list)
    suspects = analysis.tcp.suspects(LEAST_SEGMENTS)
    explained = _explained(analysis) if suspects else set()
    for connection in (one for one in suspects if one.path not in explained):
        for hit in _hits(analysis, connection):
            worst = hit.worst
            groups[(worst.after, worst.before) if worst else (hit.sender, hit.stream.point, "")].append(hit)
    for hits in groups.values():
        yield _finding(analysis, hits)


def _hits(analysis: Analysis, connection: TcpConnection) -> list[_Hit]:
    """Return what is to be said of both ways; a side whose acknowledgments are lost repeats itself too, with less reason."""
    found = [hit for way in Way if (hit := _hit(analysis, connection, way)) is not None]
    most = max((hit.again for hit in found), default=0)
    return [hit for hit in found if hit.losses or hit.again == most]


def _hit(analysis: Analysis, connection: TcpConnection, way: Way) -> _Hit | None:
    """Return what is to be said of one way, None where that is nothing."""
    stream, path = connection.worst(way), analysis.paths[connection.path]
    if stream is None or _told_otherwise(path):
        return None
    # Opening again and again is waiting for an answer: whoever says why it did not come says it all.
    again = stream.resent - max(0, stream.syns - 1)
    share = again / max(1, _segments(connection, stream))
    if again < LEAST_SEGMENTS or share < LEAST_SHARE:
        return None
    if vip_moved.explains(analysis, path):
        return None
    losses = tuple(one for one in path.losses if one.way is way and one.resent)
    end = connection.at(_door(analysis, path, way), way)
    needless = min(again, end.retransmitted_segments) if end is not None and not losses else 0
    stuck = analysis.tcp.stuck_at(connection.path, way)
    return _Hit(path, stream, again, share, losses, needless, stuck)


def _door(analysis: Analysis, path: Path, way: Way) -> str:
    """Return the interface of the pod that a way leads to: what came by there has arrived. "" where there is none."""
    pod = analysis.cluster.pod_of(path.flow.dst if way is Way.FORWARD else path.flow.src)
    return f"{pod.node}/{pod.interface}" if pod is not None and pod.interface else ""


def _explained(analysis: Analysis) -> set[int]:
    """Return the paths of which another rule says what happened: a side that gets no acknowledgments repeats itself too."""
    told = {word.path for word in path_mtu.heeded(analysis)}
    return told | mtu_black_hole.explained(analysis) | _broken_off.explained(analysis)


def _told_otherwise(path: Path) -> bool:
    """Tell whether the outcome of the whole conversation says why its packets were sent again: nobody answered, or refused."""
    silent = not path.reply_packets and (path.opened or bool(path.no_answer_at))
    return silent or path.outcome in (Outcome.LOST, Outcome.REFUSED)


def _segments(connection: TcpConnection, stream: TcpStream) -> int:
    """Return how many segments a stream had; a super-frame holds as many as fit."""
    back = Way.FORWARD if stream.way is Way.REPLY else Way.REPLY
    told = [one.mss for one in connection.of(back) if one.mss]
    whole = ceil(stream.payload_bytes / max(told)) if told else 0
    return max(stream.segments, whole)


def _finding(analysis: Analysis, hits: list[_Hit]) -> Finding:
    cluster, first = analysis.cluster, max(hits, key=lambda hit: hit.again)
    senders = listed(
        named(cluster, hit.sender, port=hit.ports[0] if hit.stream.way is Way.REPLY else None) for hit in hits
    )
    receivers = listed(named(cluster, hit.receiver) for hit in hits)
    statement = (
        f"{senders} had to send {counted(sum(hit.again for hit in hits), 'TCP segment')} to {receivers} again"
        f"{_share(hits)}, as {first.stream.point} shows. {_place(first, hits)}{_cost(first)}"
    )
    sport, dport = first.ports
    pod = cluster.pod_of(first.sender)
    points = tuple(dict.fromkeys(point for hit in hits for point in hit.path.points))
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=_confidence(first),
        statement=statement,
        subject={
            "src": first.sender, "dst": first.receiver, "sport": sport, "dport": dport, "proto": "tcp",
            "node": _node(first), "pod": pod.full_name if pod else None,
            "name": f"{first.worst.after} to {first.worst.before}" if first.worst else first.stream.point,
        },
        evidence=_proof(analysis, hits),
        coverage=Coverage(points=points, reason=_reason(first)),
        remedy=_remedy(first),
    )  # fmt: skip


def _share(hits: list[_Hit]) -> str:
    share = f"{max(hit.share for hit in hits):.1%}"
    if len(hits) == 1:
        return f" ({share} of all it sent)"
    return f" in {counted(len(hits), 'connection')} (up to {share} of what one of them sent)"


def _place(hit: _Hit, hits: list[_Hit]) -> str:
    """Say where the first copies were lost, as far as the points tell."""
    loss, stream = hit.worst, hit.stream
    if loss is not None:
        sure = "The first copies were lost" if loss.proven else "The first copies were perhaps lost"
        why = "" if loss.proven else f" ({loss.blind})"
        here = sum(
            one.packets for each in hits for one in each.losses if (one.after, one.before) == (loss.after, loss.before)
        )
        others = sum(one.packets for each in hits for one in each.losses) - here
        also = f", and {others:,} elsewhere on the way" if others else ""
        return f"{sure} between {loss.after} and {loss.before}{why}: {here:,} of them{also}."
    if hit.needless:
        return (
            f"{hit.needless:,} of them had arrived before: the receiver's own interface saw them twice, so that it was the "
            "acknowledgments that came late or were lost."
        )
    if stream.recovered_segments > stream.retransmitted_segments:
        return f"The first copies were lost before {stream.point}: they fill gaps there that had been open for a round trip."
    return f"{stream.point} saw them twice: the first copies, or the acknowledgments of them, were lost behind it."


def _cost(hit: _Hit) -> str:
    """Say what it did to the transfer."""
    if hit.stuck is not None:
        took = duration(hit.stuck.last_ns - hit.stuck.first_ns)
        return f" The last ones were sent {hit.stuck.copies} times in {took} and were never acknowledged."
    rate = hit.stream.bits_per_s
    return (
        f" The transfer reached {rate / 1e6:,.1f} Mbit/s." if rate and hit.stream.delivered_bytes > _RATE_BYTES else ""
    )


def _confidence(hit: _Hit) -> Confidence:
    """Proven where the same bytes were seen twice, at one point; likely where only gaps that fill late tell of it."""
    twice = hit.stream.retransmitted_segments - max(0, hit.stream.syns - 1)
    return Confidence.PROVEN if twice >= LEAST_SEGMENTS else Confidence.LIKELY


def _node(hit: _Hit) -> str | None:
    """Return the node that lost them, where both points of the loss are its own."""
    ends = {point.partition("/")[0] for point in (hit.worst.after, hit.worst.before)} if hit.worst else set()
    return ends.pop() if len(ends) == 1 else None


def _proof(analysis: Analysis, hits: list[_Hit]) -> tuple[Evidence, ...]:
    """Return the frames of the first connections: where copies were last seen, and the ones that came behind them."""
    found: list[Evidence] = []
    for hit in hits:
        found += [one for loss in hit.losses for one in loss.evidence]
        found += analysis.tcp.resent_proof(hit.stream)
        if len(found) >= MAX_EVIDENCE:
            break
    return tuple(dict.fromkeys(found))[:MAX_EVIDENCE]


def _reason(hit: _Hit) -> str:
    loss = hit.worst
    if loss is None:
        return f"counted at {hit.stream.point}, which saw most of it"
    return loss.blind or f"seen at {loss.after} and not at {loss.before}, which was listening"


def _remedy(hit: _Hit) -> str:
    loss = hit.worst
    if loss is None:
        node, slash, interface = hit.stream.point.partition("/")
        place = f"on {node}, ip -s link show {typed(interface)} and" if slash else "on the sender,"
        return f"capture at both ends and between them to see where they are lost; {place} nstat -az TcpRetransSegs, ss -ti"
    (here, slash, near), (there, other, far) = loss.after.partition("/"), loss.before.partition("/")
    if not (slash and other):
        return (
            f"look at what lies between {loss.after} and {loss.before}: errors and drops of its links (ip -s -s link), of "
            "its queues (tc -s qdisc), and its rules that drop or limit (nft list ruleset)"
        )
    near, far = typed(near), typed(far)
    if here == there:
        return (
            f"on {here}: ip -s -s link show {near}, ip -s -s link show {far} (errors, drops, overruns), tc -s qdisc show, "
            "and nft list ruleset for rules that drop or limit"
        )
    return (
        f"look at what lies between {here} and {there}: on {here}, ip -s -s link show {near} and tc -s qdisc show; on "
        f"{there}, ip -s -s link show {far} and ethtool -S {far}"
    )


RULE = FindingRule(
    id="retransmissions",
    severity=Severity.WARNING,
    title="TCP sends many segments again",
    judge=_judge,
)
