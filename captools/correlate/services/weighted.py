"""Requests that a proxy gives to several Services by weight: which got how many (Gateway API, backendRefs weight).

Envoy draws lots for each request. The requests are those seen on their client legs: what is seen behind the proxy alone
may be one Service's part only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from captools.correlate.requests.rules import Chosen, Rules, TargetShare
from captools.correlate.services.distribution import Balancer, Candidate, Choice, distribution
from captools.correlate.services.policy import Choosing
from captools.model.cluster import Cluster
from captools.model.evidence import Confidence
from captools.model.requests import ClientLeg, Request
from captools.model.services import Distribution, Policy

_SERVER_ERROR = 500  # from here on: it had a backend in mind and could not reach it
_EVIDENCE = 3  # requests shown, of each Service
_Asked = tuple[ClientLeg, Request]


def weighted(requests: Sequence[Request], cluster: Cluster, biased: str) -> Iterator[Distribution]:
    """Yield how requests fell on the Services of each configured rule that names several.

    ``biased`` says why what was captured may not be a fair sample, if so.
    """
    if not cluster.routes:
        return
    rules = Rules(cluster)
    groups: dict[tuple[str, str, int], tuple[Chosen, list[_Asked]]] = {}
    hidden: set[str] = set()  # rules whose requests were seen behind the proxy only
    for request in requests:
        leg, chosen = request.client_leg, rules.chosen(request)
        if chosen is None or len(chosen.rule.targets) < 2 or _refused(request):
            continue
        if leg is None or leg.over_tls:
            hidden.add(str(chosen))
        else:
            groups.setdefault((str(chosen), leg.dst, leg.dport), (chosen, []))[1].append((leg, request))
    for (name, _, _), (chosen, asked) in groups.items():
        why = biased or ("requests under this rule were also seen behind the proxy alone" if name in hidden else "")
        found = _one(rules.shares(chosen.rule), chosen, asked, why)
        if found is not None:
            yield found


def _refused(request: Request) -> bool:
    """Tell whether the proxy refused a request before any lot was drawn; an error may hide whom the lot fell on."""
    return request.answered_by == "proxy" and (request.status or 0) < _SERVER_ERROR


def _one(shares: Sequence[TargetShare], chosen: Chosen, asked: Sequence[_Asked], biased: str) -> Distribution | None:
    owners = _owners(shares)
    placed: dict[str, list[_Asked]] = defaultdict(list)
    for leg, request in asked:
        owner = owners.get(request.backend.ip, "") if request.backend is not None else ""
        placed[owner].append((leg, request))
    unseen = len(placed.pop("", []))
    told = [(name, each) for name, group in placed.items() for each in group]
    if not told:
        return None
    first, _ = asked[0]
    nodes = {request.proxy.node or "" for _, (_, request) in told if request.proxy is not None}
    return distribution(
        Balancer(
            what="request",
            name=str(chosen),
            address=first.dst,
            port=first.dport,
            node=nodes.pop() if len(nodes) == 1 else "",
            confidence=max((request.confidence for _, (_, request) in told), key=list(Confidence).index),
            points=tuple(dict.fromkeys(point for _, (leg, _) in told for point in leg.points)),
            evidence=tuple(
                proof for group in placed.values() for _, request in group[:_EVIDENCE]
                for attempt in request.attempts for proof in attempt.evidence
            ),
        ),
        [
            Candidate(
                key=one.target.full_name, name=one.target.full_name, weight=one.target.weight,
                address=one.backends[0] if len(one.backends) == 1 else "",
            )
            for one in shares
        ],
        [Choice(ts_ns=request.ts_ns, client=request.client, key=name) for name, (_, request) in told],
        Choosing(policy=Policy.WEIGHTED, why=f"by the weights of {chosen.route.full_name}"),
        unseen=unseen,
        biased=biased,
    )  # fmt: skip


def _owners(shares: Sequence[TargetShare]) -> dict[str, str]:
    """Return the Service of each backend's address, for addresses that one Service alone has."""
    found: dict[str, str] = {}
    for one in shares:
        for address in one.backends:
            found[address] = "" if address in found else one.target.full_name
    return found
