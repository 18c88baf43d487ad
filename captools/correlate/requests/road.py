"""From tables to requests: the parts of this folder in their order."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from captools.correlate.clocks.clocks import Clocks
from captools.correlate.clocks.names import clock_names
from captools.correlate.evidence import Prover
from captools.correlate.paths.coverage import Coverage
from captools.correlate.requests.exchanges import exchanges
from captools.correlate.requests.join import join
from captools.correlate.requests.order import Timeline
from captools.correlate.requests.parts import Parts
from captools.correlate.requests.passthrough import Sessions
from captools.correlate.requests.place import Places
from captools.correlate.requests.silence import Silence
from captools.correlate.requests.tell import Teller, by_time
from captools.correlate.requests.terminated import TlsSeats
from captools.correlate.requests.tls_legs import tls_connections
from captools.correlate.same.flows import Connection
from captools.correlate.sightings import Sightings
from captools.model.cluster import Cluster
from captools.model.requests import Request, TlsSession


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Values are made here by the thousand, and all of them stay: to look among them for rings costs as much again."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@_collector_paused()
def requests_and_sessions(
    rows: Sightings,
    http: pa.Table,
    tls: pa.Table,
    groups: Sequence[Sequence[Connection]],
    clocks: Clocks,
    cluster: Cluster,
    coverage: Coverage,
    prover: Prover,
) -> tuple[tuple[Request, ...], tuple[TlsSession, ...]]:
    """Return all requests and TLS sessions of the tables ``http`` and ``tls``, each by time.

    ``groups`` are the conversations, each with its variants before and behind NAT.
    """
    found = exchanges(rows, http, groups)
    connections = tls_connections(rows, tls, groups)
    parts = Parts(Places(rows, cluster), cluster)
    time = Timeline(clocks, [one for each in found for one in (each.request, each.response) if one is not None])
    seats = TlsSeats(rows, clock_names(rows), connections)
    joined = join(found, time, seats, parts.is_proxy)
    teller = Teller(rows, parts, Silence(cluster, coverage, joined), prover)
    requests = by_time([teller.request(one) for one in joined])
    return requests, Sessions(rows, parts, prover).told(connections, joined)
