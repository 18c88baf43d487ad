"""Identities: hold the VNI of tunnelled packets against the identity that the inventory gives the sending pod.

Cilium puts the sender's security identity into the VNI of VXLAN and Geneve (FACTS, section 2), and the receiving node
judges its policies by it. Only tunnels between nodes of the inventory count: other overlays number their networks there.
"""

from __future__ import annotations

import numpy as np

from captools.correlate.evidence import Prover
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.correlate.wireguard.ends import Bools
from captools.correlate.wireguard.messages import groups
from captools.model.cluster import Cluster
from captools.model.identities import ForeignIdentity, of_workload

_OTHER = -2  # of a sender whose identity cannot be compared
_SHOWN = 5  # frames per point


def foreign_identities(rows: Sightings, packets: Ints, cluster: Cluster, prover: Prover) -> tuple[ForeignIdentity, ...]:
    """Return what carries another VNI than its sender's identity, by sender, VNI and ends of the tunnel.

    ``packets`` numbers different packets by row, ABSENT where a row is its own.
    """
    known = _identities(rows, cluster)
    if not len(rows) or (known == _OTHER).all():
        return ()
    # Of a tunnel in a tunnel the inner one's number is no identity of Cilium's.
    row = np.flatnonzero((rows["vni"] != ABSENT) & (known[rows["src"]] != _OTHER) & (rows["depth"] == 1))
    nodes = _nodes(rows, cluster)
    begin, end = (nodes[rows[name][row]] for name in ("outer_src", "outer_dst"))
    between = (begin != ABSENT) & (end != ABSENT) & (begin != end)
    row, begin, end = row[between], begin[between], end[between]
    src, vni = rows["src"][row], rows["vni"][row]
    foreign = np.flatnonzero((vni != known[src]) & _of_workloads(vni))
    names = [node.name for node in cluster.nodes]
    found = []
    for way, part in groups(*(column[foreign] for column in (src, vni, begin, end))):
        sender, carried, here, there = way
        mine = row[foreign[part]]
        fine = row[(src == sender) & (begin == here) & (end == there) & (vni == known[sender])]
        found.append(
            ForeignIdentity(
                src=rows.addresses[sender],
                vni=carried,
                identity=int(known[sender]),
                sender=names[here],
                receiver=names[there],
                packets=_different(packets, mine),
                agreeing=_different(packets, fine),
                dst=_texts(rows.addresses, rows["dst"][mine]),
                points=_texts(rows.points, rows["point"][mine]),
                tunnel=rows.tunnel(int(mine[0])),
                evidence=prover.of(
                    mine.tolist(), f"VNI {carried} on a packet of {rows.addresses[sender]}", most=_SHOWN
                ),
            )
        )
    return tuple(found)


def _identities(rows: Sightings, cluster: Cluster) -> Ints:
    """Return by address code the identity of the pod that owns it; the last element answers for ABSENT."""
    known = np.full(len(rows.addresses) + 1, _OTHER, np.int64)
    for code, address in enumerate(rows.addresses):
        pod = cluster.pod_of(address)
        if pod is not None and pod.identity is not None and of_workload(pod.identity):
            known[code] = pod.identity
    return known


def _nodes(rows: Sightings, cluster: Cluster) -> Ints:
    """Return by address code which of the inventory's nodes is reached there from other nodes, ABSENT for none."""
    owners: dict[str, set[int]] = {}
    for number, node in enumerate(cluster.nodes):
        for address in {node.internal_ip, *node.local_addresses()} if node.in_cluster else ():
            owners.setdefault(address, set()).add(number)
    found = np.full(len(rows.addresses) + 1, ABSENT, np.int64)
    for code, address in enumerate(rows.addresses):
        numbers = owners.get(address, set())
        if len(numbers) == 1:  # 10.0.2.15 is on every node
            found[code] = min(numbers)
    return found


def _of_workloads(vni: Ints) -> Bools:
    values, at = np.unique(vni, return_inverse=True)
    return np.array([of_workload(one) for one in values.tolist()], np.bool_)[at.reshape(-1)]


def _different(packets: Ints, members: Ints) -> int:
    ids = packets[members]
    return len(np.unique(ids[ids != ABSENT])) + int((ids == ABSENT).sum())


def _texts(texts: list[str], codes: Ints) -> tuple[str, ...]:
    return tuple(sorted(texts[code] for code in np.unique(codes).tolist()))
