"""The whole correlation in one call: tables in, an analysis without findings out."""

from __future__ import annotations

import pyarrow as pa

from captools.correlate import clocks as clock
from captools.correlate import wireguard
from captools.correlate.coverage import Coverage, blindness
from captools.correlate.evidence import Prover
from captools.correlate.flows import connections
from captools.correlate.http import exchanges
from captools.correlate.match import match
from captools.correlate.nat import join_translated
from captools.correlate.paths import Follower
from captools.correlate.proxy import join
from captools.correlate.requests import Teller, best_first
from captools.correlate.sightings import Sightings, sightings
from captools.correlate.twins import join_twins
from captools.model.analysis import Analysis, ClockOffset
from captools.model.cluster import Cluster
from captools.model.points import Role, parse_point, role_of
from captools.model.session import Manifest
from captools.model.sources import Source
from captools.wire.tunnels import VXLAN_PORTS


def analyse(
    packets: pa.Table,
    http: pa.Table,
    sources: tuple[Source, ...],
    cluster: Cluster,
    *,
    manifest: Manifest | None = None,
    expect_encryption: bool = False,
    tunnel_ports: tuple[int, ...] = VXLAN_PORTS,
    title: str = "",
    warnings: tuple[str, ...] = (),
) -> Analysis:
    """Correlate ``packets`` and ``http`` (schemas PACKETS and HTTP; ``row`` of ``http`` counts in ``packets``).

    ``tunnel_ports`` are the UDP ports on which VXLAN was read.
    """
    rows = sightings(packets)
    join_twins(rows, sources)
    roles = point_roles(rows, cluster)
    prover = Prover(rows, sources, tunnel_ports)
    matches = match(rows)
    measured = clock.measure(rows, matches)
    coverage = Coverage(rows, sources, roles, cluster)
    groups = join_translated(rows, connections(rows, matches))
    bridged = wireguard.bridge(rows, roles, cluster)
    follower = Follower(rows, matches, measured, cluster, coverage, bridged, prover)
    teller = Teller(rows, cluster, measured, prover)
    offsets, reference = _offsets(measured, sources, cluster, manifest)
    return Analysis(
        sources=sources,
        packets=packets,
        http=http,
        cluster=cluster,
        paths=tuple(follower.path(variants) for variants in groups),
        requests=best_first([teller.request(one) for one in join(rows, exchanges(rows, http, groups))]),
        encryption=wireguard.judge(rows, cluster, sources, roles, bridged, prover, expect_encryption=expect_encryption),
        coverage=blindness(sources),
        clocks=offsets,
        clock_reference=reference,
        manifest=manifest,
        title=title,
        warnings=warnings,
        expect_encryption=expect_encryption,
        tunnel_ports=tunnel_ports,
    )


def compare_clocks(
    packets: pa.Table, sources: tuple[Source, ...], cluster: Cluster, manifest: Manifest | None
) -> tuple[tuple[ClockOffset, ...], str]:
    """Return how far each node's clock runs ahead of the reference node's, and which node that is; nothing else.

    With one node there is nothing to compare, and ``packets`` (schema PACKETS) may be empty.
    """
    rows = sightings(packets)
    join_twins(rows, sources)
    return _offsets(clock.measure(rows, match(rows)), sources, cluster, manifest)


def _offsets(
    measured: clock.Clocks, sources: tuple[Source, ...], cluster: Cluster, manifest: Manifest | None
) -> tuple[tuple[ClockOffset, ...], str]:
    nodes = sorted({source.node for source in sources if source.node})
    reference = _reference(nodes, cluster)
    return clock.offsets(measured, nodes, reference, manifest), reference


def point_roles(rows: Sightings, cluster: Cluster) -> dict[str, Role]:
    """Return the role of each point, by its link's kind where the inventory knows it, else by its name."""
    found: dict[str, Role] = {}
    for text in rows.points:
        try:
            point = parse_point(text)
        except ValueError:
            found[text] = role_of(text)
            continue
        node = cluster.node(point.node)
        link = node.link(point.interface) if node else None
        found[text] = role_of(point.interface, link.kind if link else "")
    return found


def _reference(nodes: list[str], cluster: Cluster) -> str:
    """The first cluster node's clock is the reference; where there is none, the first node's."""
    in_cluster = [name for name in nodes if (node := cluster.node(name)) is not None and node.in_cluster]
    return (in_cluster or nodes or [""])[0]
