"""The truth of connections through a service: to whom each went, by the backends' own answers, told briefly. Pure.

Sixty alike connections in full would fill a reference case: a few stand among flows and requests, all of them in shares.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from captools.lab.topology import EVERY_POD, LEADER, Mode, node_called
from captools.lab.truth import FlowTruth, RequestTruth, ShareTruth, Truth
from captools.lab.ways import Way, machine_of, way

_LISTED = 1  # connections of each client and backend that are told in full
Pair = tuple[FlowTruth, RequestTruth]


def balanced(truth: Truth, mode: Mode, *, service: tuple[str, int] | None = None) -> Truth:
    """Return ``truth`` with shares. KeyError where a connection, which made one request, was not answered.

    ``service`` is the address that clients called where their own machine chose the backend, so that it is on no wire.
    """
    groups: dict[tuple[str, str, int, str, str], list[Pair]] = defaultdict(list)
    requests = {(one.client, one.client_port): one for one in truth.requests}
    for flow in truth.flows:
        one = requests[flow.src, flow.sport or 0]
        groups[one.client, one.address, one.port, one.backend_ip, one.remote_addr].append((flow, one))
    kept = sorted((pair for pairs in groups.values() for pair in pairs[:_LISTED]), key=lambda pair: pair[0].started)
    return Truth(
        flows=tuple(_translated(flow, one, mode) for flow, one in kept),
        requests=tuple(replace(one, translated=one.backend_ip != one.address) for _, one in kept),
        shares=tuple(_share(pairs, service) for pairs in groups.values()),
    )


def translator(client: str) -> str:
    """Return the node that chooses the backend: a pod's own, for others the one that has the service's address."""
    return next((pod.node for pod in EVERY_POD if pod.ip == client), LEADER)


def _share(pairs: list[Pair], service: tuple[str, int] | None) -> ShareTruth:
    first = pairs[0][1]
    address, port = service or (first.address, first.port)
    return ShareTruth(
        client=first.client, address=address, port=port, backend_pod=first.backend_pod, backend_ip=first.backend_ip,
        backend_port=_port(first.backend_ip), backend_node=first.backend_node, seen_src=first.remote_addr,
        ports=tuple((one.client_port, one.remote_port) for _, one in pairs), listed=min(len(pairs), _LISTED),
    )  # fmt: skip


def _port(address: str) -> int:
    return next(pod.port for pod in EVERY_POD if pod.ip == address)


def _translated(flow: FlowTruth, one: RequestTruth, mode: Mode) -> FlowTruth:
    if one.backend_ip == flow.dst:
        return flow
    there: Way = way(mode, flow.src, one.backend_ip)
    back: Way = way(mode, one.backend_ip, flow.src)
    if translator(flow.src) != machine_of(flow.src):
        by = node_called(translator(flow.src)).address
        there = (*way(mode, flow.src, by), *way(mode, by, one.backend_ip))
        back = (*way(mode, one.backend_ip, by), *way(mode, by, flow.src))
    hidden = (one.remote_addr, one.remote_port) != (flow.src, flow.sport)
    return replace(
        flow, way=there, way_back=back, seen_dst=one.backend_ip, seen_dport=_port(one.backend_ip),
        seen_src=one.remote_addr if hidden else None, seen_sport=one.remote_port if hidden else None,
    )  # fmt: skip
