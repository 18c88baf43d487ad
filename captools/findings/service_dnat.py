"""service-dnat: packets to a service address are given other destinations; by which node, and who stands behind it."""

from __future__ import annotations

from collections.abc import Iterator

from captools.findings._translated import proof, sure, talks, translators
from captools.findings._words import counted, listed, named, typed
from captools.model.addresses import endpoint
from captools.model.analysis import Analysis
from captools.model.cluster import AddressKind, Cluster
from captools.model.evidence import Coverage
from captools.model.findings import Finding, FindingRule, Severity
from captools.model.flows import proto_name
from captools.model.services import Backing, Frontend, Rewriting

MOST_TOLD = 12  # addresses that have a note each: nobody reads a hundred alike
_SHOWN = 6  # connections whose frames are shown


def _judge(analysis: Analysis) -> Iterator[Finding]:
    fronts = sorted(analysis.services.frontends, key=lambda one: -one.connections)
    for front in fronts[:MOST_TOLD]:
        yield _finding(analysis, front)
    if fronts[MOST_TOLD:]:
        yield _rest(analysis.cluster, fronts[MOST_TOLD:])


def _rest(cluster: Cluster, fronts: list[Frontend]) -> Finding:
    """Return one note for all further addresses."""
    every = [each for front in fronts for each in _every(front)]
    told = listed((named(cluster, one.address, port=one.port) for one in fronts), most=MOST_TOLD)
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=sure(every),
        statement=f"{len(fronts)} more service addresses, with fewer connections, were translated too: {told}.",
        subject={"name": ", ".join(sorted({one.service for one in fronts if one.service})) or None},
        evidence=proof(every),
        coverage=Coverage(points=tuple(dict.fromkeys(point for each in every for point in each.between))),
        remedy="to see what one of them does: captools paths SOURCE... | grep its address",
    )


def _finding(analysis: Analysis, front: Frontend) -> Finding:
    cluster, kind = analysis.cluster, analysis.cluster.kind(front.address)
    statement = " ".join(
        part
        for part in (
            f"{_who(cluster, front)} {_by(front)}: {_behind(cluster, front)}.",
            _seen_by_backends(cluster, front),
            _neighbours(cluster, front),
            _unseen(front),
        )
        if part
    )
    points = [point for each in _every(front) for point in each.between]
    return Finding(
        rule=RULE.id,
        severity=RULE.severity,
        confidence=sure(_every(front)),
        statement=statement,
        subject={
            "vip" if kind is AddressKind.VIP else "dst": front.address,
            "dport": front.port,
            "proto": proto_name(front.proto),
            "name": front.service or None,
            "node": front.node or None,
        },
        evidence=proof(front.sample(_SHOWN)),
        coverage=Coverage(points=tuple(dict.fromkeys(points)), reason="both sides of the translation were seen"),
        remedy=_remedy(front),
    )


def _who(cluster: Cluster, front: Frontend) -> str:
    clients = listed((named(cluster, address) for address, _ in front.clients), most=3)
    told = named(cluster, front.address, port=front.port)
    return f"{talks(_every(front))} of {clients} to {told}"


def _by(front: Frontend) -> str:
    verb = "was" if front.connections == 1 else "were"
    return f"{verb} given another destination (DNAT) by {translators(_every(front))}"


def _every(front: Frontend) -> list[Rewriting]:
    return [each for one in front.backings for each in one.connections]


def _behind(cluster: Cluster, front: Frontend) -> str:
    """Say who stands behind the address, and how often each was called."""
    return listed((_backing(cluster, one) for one in front.backings), most=8)


def _backing(cluster: Cluster, one: Backing) -> str:
    where = f" on {one.node}" if one.node else ""
    often = "once" if len(one.connections) == 1 else f"{len(one.connections)} times"
    return f"{named(cluster, one.ip, port=one.port)}{where} {often}"


def _seen_by_backends(cluster: Cluster, front: Frontend) -> str:
    """Say whose address backends saw: the client's own, or one of the translating node (SNAT)."""
    every = [(one, each) for one in front.backings for each in one.connections]
    hidden = [(one, each) for one, each in every if each.src != each.flow.src]
    if not hidden:
        direct = any(each.direct_return for _, each in every)
        ways = (
            ", and the answers do not return through the translating node (direct server return, DSR)" if direct else ""
        )
        return f"The backends see the clients' own addresses{ways}."
    sources = listed(named(cluster, each.src) for _, each in hidden)
    whom = listed((one.pod or one.ip for one, _ in hidden), most=8)
    part, rest = "The source", ""
    if len(hidden) < len(every):
        part = f"In {len(hidden)} of them the source"
        rest = "; in the others the backend saw the client's own address"
    return f"{part} was replaced too (SNAT): {whom} saw {sources} instead of the client{rest}."


def _neighbours(cluster: Cluster, front: Frontend) -> str:
    """Say which other services share the address, by other ports."""
    others = [
        f"{one.full_name} on port {', '.join(str(port) for port, _ in one.ports)}"
        for one in cluster.services_at(front.address)
        if one.full_name != front.service and front.service
    ]
    return f"The same address serves {listed(others)}." if others else ""


def _unseen(front: Frontend) -> str:
    if not front.unseen:
        return ""
    return f"The backend of {counted(front.unseen, 'more connection')} to it could not be told."


def _remedy(front: Frontend) -> str:
    where = f"on {front.nodes[0]}: " if front.nodes else ""
    table = f"{where}cilium-dbg bpf lb list | grep -F {typed(endpoint(front.address, front.port))}"
    namespace, _, name = front.service.partition("/")
    if not name:
        return f"to see the table behind it: {table}"
    slices = f"kubectl get endpointslices -n {typed(namespace)} -l {typed(f'kubernetes.io/service-name={name}')}"
    return f"to compare with what is configured: {slices}; {table}"


RULE = FindingRule(
    id="service-dnat",
    severity=Severity.NOTE,
    title="A service address is translated to its backends",
    judge=_judge,
)
