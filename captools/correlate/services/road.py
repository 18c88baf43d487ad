"""The whole road: conversations with their address pairs in, services, masquerading and shares out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from captools.correlate.same.flows import Connection
from captools.correlate.services.direct import Callers, candidate
from captools.correlate.services.distribution import Balancer, Choice, distribution
from captools.correlate.services.frontends import frontends, masquerades
from captools.correlate.services.policy import choosing
from captools.correlate.services.rewritten import rewritings
from captools.correlate.services.weighted import weighted
from captools.model.cluster import Cluster
from captools.model.evidence import Confidence
from captools.model.paths import Path
from captools.model.requests import Request, TlsSession
from captools.model.services import Distribution, Frontend, Services
from captools.model.sources import Source

_EVIDENCE = 6  # connections shown


def services(
    paths: Sequence[Path],
    groups: Sequence[Sequence[Connection]],
    requests: Sequence[Request],
    sessions: Sequence[TlsSession],
    cluster: Cluster,
    sources: Sequence[Source],
    *,
    chosen: str = "",
) -> Services:
    """Return what the conversations ``paths`` (``groups`` are their address pairs) tell of services.

    ``chosen`` says that the paths are a choice, if so: shares are then no fair sample.
    """
    found = list(rewritings(paths, groups))
    fronts = frontends(found, paths, cluster)
    legs = [leg for one in requests for leg in one.attempts] + [leg for one in sessions for leg in one.backend_legs]
    proxied = frozenset((leg.src, leg.sport) for leg in legs)
    callers = Callers(cluster, sources, proxied)
    matched = next((f"{one.point} was captured with a content filter" for one in sources if one.match), "")
    return Services(
        frontends=fronts,
        masquerades=masquerades(found),
        distributions=(
            *_translated(fronts, cluster, chosen or matched),
            *callers.distributions(paths, chosen),
            *weighted(requests, cluster, chosen or matched),
        ),
    )


def _translated(fronts: Sequence[Frontend], cluster: Cluster, biased: str) -> Iterator[Distribution]:
    """Yield how the connections to each service address fell on its backends."""
    for front in fronts:
        service = cluster.service_at(front.address, front.port)
        listed = service.backends if service else ()
        backends = listed or tuple(dict.fromkeys(one.ip for one in front.backings))
        inside = all(cluster.pod_of(address) or cluster.node_of_underlay(address) for address, _ in front.clients)
        found = distribution(
            Balancer(
                what="connection",
                name=front.service,
                address=front.address,
                port=front.port,
                node=front.node,
                confidence=Confidence.LIKELY if front.unseen else Confidence.PROVEN,
                points=tuple(
                    sorted({point for one in front.backings for each in one.connections for point in each.between})
                ),
                evidence=tuple(proof for each in front.sample(_EVIDENCE) for proof in each.evidence),
            ),
            [candidate(cluster, address) for address in backends],
            [
                Choice(ts_ns=each.ts_ns, client=each.flow.src, key=one.ip)
                for one in front.backings
                for each in one.connections
            ],
            choosing(cluster, service, inside=inside),
            unseen=front.unseen,
            biased=biased,
        )
        if found is not None:
            yield found
