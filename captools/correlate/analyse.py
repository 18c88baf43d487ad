"""The whole correlation in one call: tables in, an analysis without findings out."""

from __future__ import annotations

import pyarrow as pa

from captools.correlate.arp.resolutions import resolutions
from captools.correlate.carried import carried
from captools.correlate.clocks.line import sources_on_line
from captools.correlate.clocks.settle import Settled, settle
from captools.correlate.clocks.tell import early_packets, offsets
from captools.correlate.evidence import Prover
from captools.correlate.identities import foreign_identities
from captools.correlate.paths.coverage import Coverage, blindness, exceptions
from captools.correlate.paths.follow import Follower
from captools.correlate.paths.matched import matched
from captools.correlate.paths.packet import Packets
from captools.correlate.requests.road import requests_and_sessions
from captools.correlate.requests.undelivered import undelivered
from captools.correlate.same.flows import connections
from captools.correlate.same.nat import join_translated
from captools.correlate.same.twins import join_twins
from captools.correlate.services.road import services
from captools.correlate.sightings import Sightings, sightings
from captools.correlate.tcp.road import tcp
from captools.correlate.tcp.told_mtu import told_mtus
from captools.correlate.wireguard.road import wireguard
from captools.correlate.wireguard.verdicts import within
from captools.model.analysis import Analysis
from captools.model.clocks import ClockReport
from captools.model.cluster import Cluster
from captools.model.packets import TLS
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
    tls: pa.Table | None = None,
    manifest: Manifest | None = None,
    expect_encryption: bool = False,
    tunnel_ports: tuple[int, ...] = VXLAN_PORTS,
    title: str = "",
    warnings: tuple[str, ...] = (),
    unshown: str = "",
    chosen: str = "",
) -> Analysis:
    """Correlate ``packets``, ``http`` and ``tls`` (schemas PACKETS, HTTP and TLS; their ``row`` counts in ``packets``).

    ``tunnel_ports`` are the UDP ports on which VXLAN was read; ``unshown`` says what of the session ``packets`` leave out
    altogether, if anything: then nothing is called encrypted. ``chosen`` says that they are a choice of conversations, if
    so: then no shares are held against chance. All times that are told (of hops, requests, handshakes) are those of the
    reference node's clock; ``packets`` keeps the stamps of the captures.
    """
    settled = _settled(packets, sources, cluster, manifest)
    rows, matches, measured = settled.rows, settled.matches, settled.clocks
    roles = point_roles(rows, cluster)
    prover = Prover(rows, sources, tunnel_ports)
    coverage = Coverage(rows, sources_on_line(sources, measured), roles, cluster)
    groups = join_translated(rows, connections(rows, matches))
    sealed = wireguard(rows, roles, cluster, sources)
    known = matched(rows, matches, groups, sealed.bridge.outer_of, measured)
    tls = TLS.empty_table() if tls is None else tls
    requests, sessions = requests_and_sessions(rows, http, tls, groups, measured, cluster, coverage, prover)
    clocks = _clock_report(settled, sources, cluster, prover)
    paths = Follower(known, coverage, prover).paths()
    figures = tcp(known, paths, coverage, prover)
    requests = undelivered(requests, paths, figures)
    return Analysis(
        sources=sources,
        packets=packets,
        http=http,
        cluster=cluster,
        paths=paths,
        hops_of=Packets(known, coverage, prover).hops,
        requests=requests,
        tls_sessions=sessions,
        tls=tls,
        encryption=within(
            sealed.encryption(matches.ids, measured.between, prover, expected=expect_encryption), unshown
        ),
        coverage=(*blindness(sources), *exceptions(sources)),
        foreign_identities=foreign_identities(rows, matches.ids, cluster, prover),
        clocks=clocks.offsets,
        clock_reference=clocks.reference,
        arp=resolutions(rows, cluster, coverage, prover),
        early_packets=clocks.early,
        tcp=figures,
        carried=carried(known.rows, known.lane, known.matches.ids, known.repeated, sealed.bridge, sealed.seen),
        path_mtus=told_mtus(known, paths, prover),
        services=services(paths, groups, requests, sessions, cluster, sources, chosen=chosen or unshown),
        manifest=manifest,
        title=title,
        warnings=warnings,
        expect_encryption=expect_encryption,
        tunnel_ports=tunnel_ports,
    )


def compare_clocks(
    packets: pa.Table, sources: tuple[Source, ...], cluster: Cluster, manifest: Manifest | None
) -> ClockReport:
    """Return how far each node's clock runs ahead of the reference node's, and nothing else.

    With one node there is nothing to compare, and ``packets`` (schema PACKETS) may be empty.
    """
    settled = _settled(packets, sources, cluster, manifest)
    return _clock_report(settled, sources, cluster, Prover(settled.rows, sources))


def _settled(packets: pa.Table, sources: tuple[Source, ...], cluster: Cluster, manifest: Manifest | None) -> Settled:
    rows = sightings(packets)
    join_twins(rows, sources)
    return settle(rows, _reference(_clock_owners(sources), cluster), manifest)


def _clock_report(settled: Settled, sources: tuple[Source, ...], cluster: Cluster, prover: Prover) -> ClockReport:
    names = _clock_owners(sources)
    reference = _reference(names, cluster)
    early = early_packets(settled.measured, settled.rows, prover)
    return ClockReport(offsets=offsets(settled.measured, names, reference), reference=reference, early=early)


def _clock_owners(sources: tuple[Source, ...]) -> list[str]:
    """Return whose clocks stamped the sources: nodes, and each of several files that name no node; sorted, nodes first."""
    loose = [source.name for source in sources if not source.node]
    return sorted({source.node for source in sources if source.node}) + (sorted(loose) if len(sources) > 1 else [])


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
