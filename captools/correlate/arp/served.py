"""Who had an address before anybody spoke for it by ARP: clients remember an answer longer than most captures last."""

from __future__ import annotations

import numpy as np

from captools.correlate.arp.frames import ArpFrames, mac_name, macs
from captools.correlate.arp.owners import Owners, is_virtual
from captools.correlate.arp.talks import AddressTalks
from captools.correlate.arp.witness import ANSWER_NS
from captools.correlate.evidence import Prover
from captools.correlate.sightings import Ints, Sightings
from captools.model.arp import Claim
from captools.model.cluster import Cluster
from captools.model.evidence import Proofs

MOST_PROOF = 20


def served_before(
    rows: Sightings,
    frames: ArpFrames,
    line: Ints,
    points: Ints,
    talks: AddressTalks,
    owned: Owners,
    cluster: Cluster,
    prover: Prover,
) -> tuple[Claim, ...]:
    """Return the machine that packets went to and came from before the first of the claims ``line``, if it is another one.

    ``points`` are those of the segment. Both ways count: with direct server return the answers come from other machines.
    Where it goes on answering after the claim, the claim was no takeover; and a router only passes on what comes from others.
    """
    if not len(line):
        return ()
    claimed_ns, claimant = int(frames.time[line[0]]), int(frames.sender_mac[line[0]])
    here = np.isin(rows["point"][talks.row], points) & (rows["depth"][talks.row] <= 0)
    back, there = (np.flatnonzero(here & way) for way in (~talks.there, talks.there))
    source, target = macs(rows.table, "eth_src", talks.row[back]), macs(rows.table, "eth_dst", talks.row[there])
    early = talks.time[back] < claimed_ns
    if not early.any():
        return ()
    machine = int(source[early][-1])
    mine = back[early & (source == machine)]
    goes_on = bool((source[talks.time[back] > claimed_ns + ANSWER_NS] == machine).any())
    if machine in (0, claimant) or goes_on or machine not in target[talks.time[there] < claimed_ns]:
        return ()
    name = mac_name(machine)
    node, interface = owned.of(name)
    known = cluster.node(node)
    if known is not None and not known.in_cluster:
        return ()
    proof = talks.row[mine[-MOST_PROOF:]]
    return (
        Claim(
            mac=name,
            node=node,
            interface=interface,
            first_ns=int(talks.time[mine[0]]),
            last_ns=int(talks.time[mine[-1]]),
            answers=0,
            gratuitous=0,
            served=talks.seen_once(mine),
            virtual=is_virtual(name),
            points=tuple(sorted({rows.points[code] for code in rows["point"][talks.row[mine]].tolist()})),
            evidence=Proofs(lambda: prover.of(proof.tolist(), f"packets from the address come from {name}")),
        ),
    )
