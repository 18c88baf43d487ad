"""The analysis: everything that was read and concluded; what findings, views, reports and screens ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

from captools.model.arp import Resolution
from captools.model.carried import CARRIED
from captools.model.clocks import ClockOffset, EarlyPacket
from captools.model.cluster import Cluster
from captools.model.encryption import Encryption
from captools.model.evidence import Blindness
from captools.model.findings import Finding
from captools.model.identities import ForeignIdentity
from captools.model.mtu import ToldMtu
from captools.model.packets import DNS, TLS
from captools.model.paths import Hop, Path
from captools.model.requests import Request, TlsSession
from captools.model.services import Services
from captools.model.session import Manifest
from captools.model.sources import Source
from captools.model.tcp import Tcp


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """One opened session, correlated. ``findings`` are sorted: errors first."""

    sources: tuple[Source, ...]
    packets: pa.Table  # schema captools.model.packets.PACKETS
    http: pa.Table  # schema captools.model.packets.HTTP
    cluster: Cluster
    paths: tuple[Path, ...]
    requests: tuple[Request, ...]
    encryption: Encryption
    coverage: tuple[Blindness, ...]
    clocks: tuple[ClockOffset, ...]
    clock_reference: str
    early_packets: tuple[EarlyPacket, ...] = ()  # what no clock explains
    findings: tuple[Finding, ...] = ()
    manifest: Manifest | None = None
    title: str = ""
    warnings: tuple[str, ...] = ()
    expect_encryption: bool = False
    tunnel_ports: tuple[int, ...] = (8472, 4789)
    extra: dict[str, str] = field(default_factory=dict)
    tls_sessions: tuple[TlsSession, ...] = ()
    tls: pa.Table = field(default_factory=TLS.empty_table)  # schema captools.model.packets.TLS
    dns: pa.Table = field(default_factory=DNS.empty_table)  # schema captools.model.packets.DNS

    carried: pa.Table = field(default_factory=CARRIED.empty_table)  # schema captools.model.carried.CARRIED
    tcp: Tcp = field(default_factory=Tcp)

    foreign_identities: tuple[ForeignIdentity, ...] = ()
    path_mtus: tuple[ToldMtu, ...] = ()

    services: Services = Services()
    arp: tuple[Resolution, ...] = ()

    # the way of the packet that a row of ``packets`` shows, followed when it is asked for
    hops_of: Callable[[int], tuple[Hop, ...]] = field(default=lambda _row: (), compare=False, repr=False)

    def source(self, name: str) -> Source:
        """Return the source called ``name``; KeyError where there is none."""
        for source in self.sources:
            if source.name == name:
                return source
        raise KeyError(name)
