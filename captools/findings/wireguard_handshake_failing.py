"""wireguard-handshake-failing: nodes whose WireGuard handshakes are not answered, and why; sessions past their end.

A wrong key and a blocked port look alike to the sender. They differ at the receiver's card: there the initiations of the
one arrive and those of the other do not, which only a capture of that card can tell.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from captools.findings._wireguard_keys import WrongKey, short, wrong_keys
from captools.findings._words import MAX_EVIDENCE, counted, listed, named, proof, typed
from captools.model.analysis import Analysis
from captools.model.encryption import Pair
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.paths import Outcome, Path
from captools.model.wireguard import Session, Trouble

_SURE = list(Confidence)
CILIUM_PORT = 51871
_OF_HANDSHAKES = 8  # of the proofs; the others show what waits for the session
_WAITS = "waits here for a session that does not come about"
_ARRIVED = ("ignored", "answer-lost", "closed")
_ON_THE_WAY = ("blocked", "filtered", "unreached")


@dataclass(frozen=True, slots=True)
class _Cause:
    """Troubles of one kind: those of one pair of nodes, or of all pairs that one node (``node``) is in."""

    node: str
    pairs: tuple[Pair, ...]
    troubles: tuple[Trouble, ...]

    @property
    def others(self) -> list[str]:
        """The other ends, where one node is in all pairs."""
        return [one.b if one.a == self.node else one.a for one in self.pairs]


def _judge(analysis: Analysis) -> Iterator[Finding]:
    failing = [pair for pair in analysis.encryption.pairs if pair.troubles]
    for cause in _causes(failing):
        yield _failing(analysis, cause)
    for pair in analysis.encryption.pairs:
        stale = [one for one in pair.sessions if one.expired]
        if stale and not pair.troubles:
            yield _stale(pair, stale)


def explains(analysis: Analysis, path: Path) -> bool:
    """Tell whether this rule says why a path's packets got no answer: they wait at a node that has no session."""
    return any(_waits(analysis, path, pair) for pair in analysis.encryption.pairs if pair.troubles)


def _waits(analysis: Analysis, path: Path, pair: Pair) -> bool:
    if path.outcome not in (Outcome.LOST, Outcome.UNKNOWN):
        return False
    ends = [analysis.cluster.node_of_pod_address(address) for address in (path.flow.src, path.flow.dst)]
    names = {node.name for node in ends if node is not None}
    return names == {pair.a, pair.b} and path.last_seen.partition("/")[0] in names


def _causes(failing: list[Pair]) -> Iterator[_Cause]:
    """Group what one node has with several others: a wrong key or a closed port of a node shows at all of its peers."""
    left = {(pair.a, pair.b): pair for pair in failing}
    while left:
        often = Counter((name, kind) for pair in left.values() for name in (pair.a, pair.b) for kind in _kinds(pair))
        (node, kind), count = min(often.items(), key=lambda item: (-item[1], item[0]))
        mine = [pair for pair in left.values() if node in (pair.a, pair.b) and kind in _kinds(pair)]
        if count == 1:
            node = ""
        for pair in mine:
            del left[pair.a, pair.b]
        yield _Cause(node, tuple(mine), tuple(one for pair in mine for one in pair.troubles))


def _kinds(pair: Pair) -> set[str]:
    """Return what kinds of trouble two nodes have; what never arrives has one cause, whatever else arrived beside it."""
    return {"on the way" if one.kind in _ON_THE_WAY else one.kind for one in pair.troubles}


def _failing(analysis: Analysis, cause: _Cause) -> Finding:
    keys = wrong_keys(analysis.cluster, [(pair.a, pair.b) for pair in cause.pairs])
    told = sorted(
        cause.troubles, key=lambda one: (one.kind == "unknown", _SURE.index(one.confidence), -one.initiations)
    )[0]
    confidence = told.confidence
    if keys:  # the nodes themselves say it; that the initiations came to the other end excludes a second cause
        confidence = (
            Confidence.PROVEN if told.kind == "ignored" and told.confidence is Confidence.LIKELY else Confidence.LIKELY
        )
    node = cause.node or (keys[0].owner if keys and len({one.owner for one in keys}) == 1 else "")
    seen = [point for one in cause.troubles for point in one.points]
    missed = [point for one in cause.troubles for point in one.unseen_at]
    proofs = tuple(dict.fromkeys(proof for one in cause.troubles for proof in one.evidence))
    waiting = [path for path in analysis.paths if any(_waits(analysis, path, pair) for pair in cause.pairs)]
    proofs = (*proofs[:_OF_HANDSHAKES], *proof([hop for path in waiting for hop in path.hops[-1:]], _WAITS))
    pair = cause.pairs[0]
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=confidence,
        statement=f"{_who(cause)} {_what(cause)}{_why(analysis, keys, told)} {_meanwhile(cause)}"
        f"{_unanswered(analysis, waiting)}",
        subject={
            "src": pair.a if len(cause.pairs) == 1 else None,
            "dst": pair.b if len(cause.pairs) == 1 else None,
            "node": node or pair.a,
            "proto": "udp",
        },
        evidence=proofs[:MAX_EVIDENCE],
        coverage=Coverage(points=tuple(dict.fromkeys([*seen, *missed])), reason=told.reason),
        remedy=_remedy(analysis, cause, keys, told),
    )


def _who(cause: _Cause) -> str:
    if cause.node:
        return f"WireGuard handshakes of {cause.node} with {listed(cause.others)} fail:"
    return f"WireGuard handshakes between {cause.pairs[0].a} and {cause.pairs[0].b} fail:"


def _what(cause: _Cause) -> str:
    """Say how far the initiations came: all those alike in one clause."""
    alike: dict[tuple[str, str, tuple[str, ...]], list[Trouble]] = defaultdict(list)
    for one in cause.troubles:
        where = "" if one.kind in _ARRIVED else one.last_seen
        alike[one.kind, where, one.unseen_at].append(one)
    clauses = [_clause(kind, last, unseen, members) for (kind, last, unseen), members in alike.items()]
    return "; ".join(clauses) + "."


def _clause(kind: str, last: str, unseen: tuple[str, ...], members: list[Trouble]) -> str:
    sent: Counter[str] = Counter()
    for one in members:
        sent[one.initiator] += one.initiations
    who = listed(f"{counted(number, 'initiation')} of {name}" for name, number in sent.items())
    if kind in _ARRIVED:
        where = listed(sorted({proof.point for one in members for proof in one.evidence}))
        end = {
            "ignored": "and were never answered",
            "answer-lost": "and were answered, but the answers never came back",
            "closed": "and were refused with ICMP port unreachable",
        }[kind]
        return f"{who} came to {where} {end}"
    if kind == "unknown":
        return f"{who} came up to {last} and were never answered ({members[0].reason})"
    return f"{who} came up to {last} and never to {listed(unseen)}, which {'was' if len(unseen) == 1 else 'were'} listening"


def _why(analysis: Analysis, keys: list[WrongKey], told: Trouble) -> str:
    """Say the cause: the keys as the nodes tell them, or what the packets leave open."""
    if keys:
        told_keys: dict[tuple[str, str, str], list[str]] = {}
        for one in keys:
            told_keys.setdefault((one.owner, one.own, one.expected), []).append(one.peer)
        sentences = [
            f"the public key of {owner} is {short(own)}, but {listed(peers)} "
            + (
                f"{'expects' if len(peers) == 1 else 'expect'} {short(expected)} of it"
                if expected
                else "do not list it as a peer"
            )
            for (owner, own, expected), peers in told_keys.items()
        ]
        return f" The nodes' own wg show tells why: {listed(sentences)}."
    if told.kind == "ignored":
        return " WireGuard never answers what it cannot verify: a key does not fit, or something drops them behind that card."
    if told.kind == "filtered":
        return (
            f" WireGuard data of {told.initiator} do come to {told.responder} on the same port: something on the way drops "
            "handshakes only."
        )
    if told.kind == "blocked":
        return f" Other packets of {told.initiator} do come there, so that UDP {_port(analysis, told)} is blocked on the way."
    if told.kind == "unreached":
        return (
            f" Nothing else of {told.initiator} came there meanwhile, so that it cannot be told whether handshakes, UDP "
            f"{_port(analysis, told)} or the whole way is blocked."
        )
    return ""


def _port(analysis: Analysis, told: Trouble) -> int:
    """Return the port that the responder listens on, by its own wg show."""
    node = analysis.cluster.node(told.responder)
    return node.wireguard.listen_port if node and node.wireguard and node.wireguard.listen_port else CILIUM_PORT


def _meanwhile(cause: _Cause) -> str:
    """Say what became of the traffic that the handshakes are for."""
    last = max((one.last for pair in cause.pairs for one in pair.sessions if one.data), default="")
    if not last:
        return "No pod packet passed between them in WireGuard meanwhile."
    since = min(one.first for one in cause.troubles)
    renewing = any(
        one.kind == "rekey" and one.result == "unanswered" for pair in cause.pairs for one in pair.handshakes
    )
    why = "They were to renew a session: its" if renewing else "The session's"
    if last < since:
        return f"{why} last data passed at {_clock(last)}, before the first of these initiations."
    return f"{why} data still passed until {_clock(last)}; a session ends 180 s after its handshake."


def _unanswered(analysis: Analysis, waiting: list[Path]) -> str:
    """Name who waits for the session, pods first."""
    cluster = analysis.cluster
    ends = dict.fromkeys((path.flow.src, path.flow.dst) for path in waiting)
    pods = [pair for pair in ends if any(cluster.pod_of(address) for address in pair)]
    told = [f"{named(cluster, src)} to {named(cluster, dst)}" for src, dst in pods or ends]
    return f" Without an answer: {listed(told, 3)}." if told else ""


def _clock(time: str) -> str:
    """Return the time of day of an RFC 3339 text, to the millisecond."""
    return time.partition("T")[2][:12]


def _remedy(analysis: Analysis, cause: _Cause, keys: list[WrongKey], told: Trouble) -> str:
    cluster = analysis.cluster
    if keys:
        one = keys[0]
        owner, pods = typed(one.owner), typed(f"spec.nodeName={one.owner}")
        return (
            f"on {one.owner}: wg show cilium_wg0 public-key; kubectl get ciliumnode {owner} -o yaml | grep wg-pub-key; on "
            f"{one.peer}: wg show cilium_wg0 peers; where they differ, restart Cilium's agent on {one.owner}, which publishes "
            f"its key again: kubectl -n kube-system delete pod -l k8s-app=cilium --field-selector {pods}"
        )
    here, there = told.initiator, told.responder
    node = cluster.node(there)
    address = node.internal_ip if node and node.internal_ip else there
    if told.kind in _ON_THE_WAY:
        machine = told.last_seen.partition("/")[0] or here
        where = f"between {here} and {there}" if machine == here else f"on {machine}"
        what = "WireGuard's handshakes (148 and 92 bytes, DSCP 34 from Linux) on " if told.kind == "filtered" else ""
        return (
            f"{where} (they were last seen at {told.last_seen}) look for what drops {what}UDP {_port(analysis, told)} "
            f"towards {address}: nft list ruleset, iptables-save, or the firewall or security group between the two"
        )
    if told.kind == "closed":
        return (
            f"on {there}: wg show cilium_wg0 listen-port; ip link show cilium_wg0; cilium-dbg status | grep Encryption"
        )
    if told.kind == "answer-lost":
        return (
            f"on the way from {there} back to {here} look for what drops UDP {_port(analysis, told)}: nft list ruleset, "
            "iptables-save"
        )
    return (
        f"on {here} and {there}: wg show cilium_wg0 (each must list the other's public key); on {there} also nft list "
        f"ruleset; capture on the cards of both nodes to tell a wrong key from a blocked port"
    )


def _stale(pair: Pair, stale: list[Session]) -> Finding:
    one = max(stale, key=lambda session: session.expired)
    count = sum(session.expired for session in stale)
    known = (
        f"the handshake of {_clock(one.established)}"
        if one.established
        else f"its first message at {_clock(one.first)}"
    )
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=Confidence.LIKELY,
        statement=(
            f"{one.sender} goes on sending to {one.receiver} in a WireGuard session that is over: "
            f"{counted(count, 'data message')} came more than 180 s after {known}, and the receiver throws such messages "
            "away. No newer handshake was seen."
        ),
        subject={"src": one.sender, "dst": one.receiver, "node": one.sender, "proto": "udp"},
        evidence=pair.evidence,
        coverage=Coverage(
            points=tuple(dict.fromkeys(p for each in pair.classes for p in each.points)), reason=pair.coverage
        ),
        remedy=f"on {one.sender} and {one.receiver}: wg show cilium_wg0 latest-handshakes; date (is a clock wrong?)",
    )


RULE = FindingRule(
    id="wireguard-handshake-failing",
    severity=Severity.ERROR,
    title="WireGuard handshakes between nodes fail",
    judge=_judge,
)
