"""xff-forged: a client sent X-Forwarded-For itself, and the proxy handed it on to the backend (FACTS, section 8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from captools.correlate.requests.legs import address
from captools.findings._words import MAX_FRAMES, counted, gathered, listed, named
from captools.model.analysis import Analysis
from captools.model.evidence import Confidence, Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.requests import ClientLeg, Request

_TRUSTED_HOPS = "xff-num-trusted-hops"  # in the names of cilium-config's keys for ingress, gateway and L7 policy
_Ends = tuple[str, int, str, int]


@dataclass(frozen=True, slots=True)
class _Claim:
    """One request whose client says that somebody else is the client."""

    leg: ClientLeg
    request: Request
    appended: bool  # the proxy put the address that it saw behind it


def _judge(analysis: Analysis) -> Iterator[Finding]:
    sent_by_proxies = {
        (one.src, one.sport, one.dst, one.dport) for request in analysis.requests for one in request.attempts
    }
    groups: dict[tuple[object, ...], list[_Claim]] = defaultdict(list)
    for request in analysis.requests:
        claim = _claim(request)
        if claim is not None and _ends(claim.leg) not in sent_by_proxies:
            groups[claim.leg.src, claim.leg.dst, request.xff_claimed, claim.appended].append(claim)
    balancers = _balancers(analysis.requests)
    for group in groups.values():
        yield _finding(analysis, group, balancers)


def _claim(request: Request) -> _Claim | None:
    """Return what a backend was told that a client claims; None where it claims nothing, or only its own address.

    Without the client's own packets nothing is said: longer chains are what several proxies in a row write. So are
    those of a client that writes what only proxies write: it is taken for one.
    """
    leg, claimed = request.client_leg, request.xff_claimed
    if leg is None or leg.by_proxy or request.proxy is None or not request.attempts or set(claimed) <= {leg.src}:
        return None
    received = tuple(address(entry) for entry in request.xff)
    if received[: len(claimed)] != claimed:
        return None  # the proxy threw it away
    return _Claim(leg, request, len(received) > len(claimed))


def _ends(leg: ClientLeg) -> _Ends:
    return leg.src, leg.sport, leg.dst, leg.dport


def _balancers(requests: Sequence[Request]) -> set[_Ends]:
    """Return client connections on which requests claim several clients: as of a load balancer that pools."""
    claims: dict[_Ends, set[tuple[str, ...]]] = defaultdict(set)
    for request in requests:
        if request.client_leg is not None and request.xff_claimed:
            claims[_ends(request.client_leg)].add(request.xff_claimed)
    return {ends for ends, some in claims.items() if len(some) > 1}


def _finding(analysis: Analysis, group: Sequence[_Claim], balancers: set[_Ends]) -> Finding:
    first, requests = group[0], [one.request for one in group]
    leg, claimed = first.leg, ", ".join(first.request.xff_claimed)
    pods = listed(one.backend.pod or one.backend.ip for request in requests for one in request.attempts)
    if first.appended:
        told = (
            f'The proxy appended the address that it saw itself, so that {pods} received "{", ".join(first.request.xff)}": '
            f"who reads the first entry takes {first.request.xff_claimed[0]} for the client; only the last one is the "
            "proxy's own."
        )
        remedy = (
            "let backends read the last entry of X-Forwarded-For, never the first, and base no access rule on it; "
            f"kubectl -n kube-system get configmap cilium-config -o yaml | grep {_TRUSTED_HOPS} must count only proxies of "
            "your own that stand in front"
        )
    else:
        told = (
            f'The proxy handed it on as it came, so that {pods} received "{claimed}" and nothing that names {leg.src}.'
        )
        remedy = (
            "let the proxy append the address it sees: Envoy's use_remote_address without skip_xff_append (kubectl get "
            "ciliumenvoyconfigs,ciliumclusterwideenvoyconfigs -A -o yaml), and base no access rule on the header until then"
        )
    confidence, doubt = _sure(analysis, group, balancers)
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=confidence,
        statement=(
            f"{named(analysis.cluster, leg.src)} sent X-Forwarded-For: {claimed} in {counted(len(group), 'request')} of its "
            f"own{doubt}. {told}"
        ),
        subject={
            "src": leg.src, "dst": leg.dst, "dport": leg.dport, "proto": "tcp",
            "node": first.request.proxy.node if first.request.proxy else None, "name": claimed,
        },
        evidence=gathered(proof for request in requests[:MAX_FRAMES] for proof in request.evidence),
        coverage=Coverage(points=tuple(dict.fromkeys(point for one in group for point in one.leg.points))),
        remedy=remedy,
    )  # fmt: skip


def _sure(analysis: Analysis, group: Sequence[_Claim], balancers: set[_Ends]) -> tuple[Confidence, str]:
    """Return how sure it is that the client made the entries up, and what else it may be."""
    if any(one.leg.over_tls for one in group):
        return Confidence.POSSIBLE, ", by what the backend received: its own TLS was not read"
    if any(_ends(one.leg) in balancers for one in group):
        return Confidence.POSSIBLE, ", unless it is a load balancer: it names several clients over one connection"
    trusted = {key: value for key, value in analysis.cluster.config.items() if _TRUSTED_HOPS in key}
    key = next((key for key, value in trusted.items() if value.isdigit() and int(value)), "")
    if key:
        return Confidence.POSSIBLE, f", unless it is one of the {trusted[key]} proxies in front that {key} counts on"
    worst = max((one.request.confidence for one in group), key=list(Confidence).index)
    return max(Confidence.LIKELY, worst, key=list(Confidence).index), ", and nothing else says that it is a proxy"


RULE = FindingRule(
    id="xff-forged",
    severity=Severity.WARNING,
    title="A client named another client in X-Forwarded-For, and a backend was told so",
    judge=_judge,
)
