"""All of it for each address worth telling of: who asked, who answered, and when nobody did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from captools.correlate.arp.claims import claims, doubled, on_one_clock
from captools.correlate.arp.frames import ArpFrames, Bools, arp_frames, mac_name, numbered
from captools.correlate.arp.gaps import gaps, unanswered
from captools.correlate.arp.owners import Owners, owners
from captools.correlate.arp.served import served_before
from captools.correlate.arp.talks import address_talks
from captools.correlate.arp.witness import Witness
from captools.correlate.evidence import Prover
from captools.correlate.paths.coverage import Coverage
from captools.correlate.paths.directions import Directions
from captools.correlate.sightings import Ints, Sightings
from captools.model.arp import Asker, Resolution
from captools.model.cluster import Cluster
from captools.model.evidence import Proofs

MOST_ADDRESSES = 64  # told of; a scan of a network asks for thousands, and means none of them
MOST_ASKERS = 16
_UNTOLD = 9


def resolutions(rows: Sightings, cluster: Cluster, coverage: Coverage, prover: Prover) -> tuple[Resolution, ...]:
    """Return what ARP told of load-balancer addresses, of those somebody answered for, and of those tried in vain.

    Addresses of the last two kinds are told of up to MOST_ADDRESSES, those that several machines claimed first.
    """
    frames = arp_frames(rows)
    if not len(frames):
        return ()
    owned = owners(rows, frames, cluster)
    witness = Witness(rows, frames, coverage, Directions(rows, cluster, coverage.roles))
    room = _Room(rows, frames, cluster, witness, prover, owned, _proxies(rows, frames, cluster, owned))
    return tuple(room.tell(address, segment) for address, segment in _worth_telling(rows, frames, cluster))


def _worth_telling(rows: Sightings, frames: ArpFrames, cluster: Cluster) -> Iterator[tuple[int, int]]:
    """Yield (address, segment), the most telling first."""
    claimed = np.unique(
        np.stack([frames.sender, frames.segment, frames.sender_mac])[:, frames.claims & (frames.sender_mac != 0)],
        axis=1,
    )
    pairs, machines = np.unique(claimed[:2], axis=1, return_counts=True)
    asked = np.unique(np.stack([frames.target, frames.segment])[:, frames.asks], axis=1)
    every = np.unique(np.concatenate([pairs, asked], axis=1), axis=1)
    several = pairs[:, machines > 1]
    wanted = [code for code in np.unique(every[0]).tolist() if cluster.is_vip(rows.addresses[code])]
    ranks = np.full(every.shape[1], _UNTOLD)
    kinds = (np.isin(every[0], wanted), _among(every, several), _among(every, pairs), np.isin(every[0], rows["dst"]))
    for rank, some in reversed(list(enumerate(kinds))):
        ranks[some] = rank
    order = np.argsort(ranks, kind="stable")
    order = order[ranks[order] < _UNTOLD]
    kept = order[: max(MOST_ADDRESSES, int((ranks == 0).sum()))]
    yield from zip(every[0][kept].tolist(), every[1][kept].tolist(), strict=True)


def _among(every: Ints, some: Ints) -> Bools:
    together = numbered(np.concatenate([every, some], axis=1))
    return np.isin(together[: every.shape[1]], together[every.shape[1] :])


def _proxies(rows: Sightings, frames: ArpFrames, cluster: Cluster, owned: Owners) -> frozenset[int]:
    """Return the MAC addresses that answer for an address which is another machine's: they do proxy ARP (RFC 1027)."""
    pairs = np.unique(np.stack([frames.sender_mac, frames.sender])[:, frames.answers], axis=1)
    others: set[int] = set()
    for mac, code in pairs.T.tolist():
        address = rows.addresses[code]
        home = cluster.node_of_pod_address(address) or cluster.node_of_underlay(address)
        node = owned.of(mac_name(mac))[0]
        if home is not None and home.name != node:
            others.add(mac)
    return frozenset(others)


@dataclass(frozen=True, slots=True)
class _Room:
    rows: Sightings
    frames: ArpFrames
    cluster: Cluster
    witness: Witness
    prover: Prover
    owned: Owners
    proxies: frozenset[int]

    def tell(self, address: int, segment: int) -> Resolution:
        """Return everything of one address on one segment."""
        frames, text = self.frames, self.rows.addresses[address]
        here = frames.segment == segment
        asks = np.flatnonzero(here & frames.asks & (frames.target == address))
        some = np.flatnonzero(here & frames.claims & (frames.sender == address) & (frames.sender_mac != 0))
        talks = address_talks(self.rows, address)
        askers = list(self._askers(asks, frames.time[some]))
        heard = np.sort(np.concatenate([asks[:0], *(seen for _, seen in askers)]))
        nodes = tuple(node for node in self.cluster.nodes if node.in_cluster)
        unheard = len(asks) and not len(some)
        quiet, every = self.witness.silent(asks, nodes, text, self.prover) if unheard else ((), False)
        line, points = on_one_clock(frames, some), np.unique(frames.point[np.r_[asks, some]])
        before = served_before(self.rows, frames, line, points, talks, self.owned, self.cluster, self.prover)
        return Resolution(
            address=text,
            points=tuple(sorted(self.rows.points[code] for code in points.tolist())),
            askers=tuple(asker for asker, _ in askers),
            claims=before + claims(self.rows, frames, some, self.owned, self.proxies, self.prover),
            gaps=gaps(frames, heard, line, talks, self.prover, taken_over=bool(before)),
            doubled=doubled(frames, asks, some, self.prover),
            silent=quiet,
            every_node_silent=every,
            spoke=bool((~talks.there).any()),
            tried=bool(talks.owes.any()),
        )

    def _askers(self, asks: Ints, claimed: Ints) -> Iterator[tuple[Asker, Ints]]:
        """Yield each machine that asked, with its questions as seen where answers to it pass, if they would be seen."""
        frames, witness = self.frames, self.witness
        machines, counts = np.unique(frames.sender_mac[asks], return_counts=True)
        for mac in machines[np.argsort(-counts, kind="stable")][:MOST_ASKERS].tolist():
            mine = asks[frames.sender_mac[asks] == mac]
            seat = witness.seat(mine)
            heard, asker = asks[:0], self._asker(mine, mine)
            if seat is not None:
                at_home = mine[frames.place[mine] == seat.place]
                blind = witness.blind(at_home, seat, counted=False)
                if not blind:
                    heard = witness.waited_for(at_home, seat.point)
                asker = replace(
                    self._asker(mine, at_home),
                    point=seat.point,
                    told=seat.told,
                    blind=blind,
                    counted=not witness.blind(at_home, seat, counted=True),
                    unanswered=len(unanswered(frames, heard, claimed)),
                )
            yield asker, heard

    def _asker(self, mine: Ints, shown: Ints) -> Asker:
        """Return who asked ``mine``, with ``shown`` of them as proof."""
        frames = self.frames
        mac = mac_name(int(frames.sender_mac[mine[0]]))
        rows = frames.row[shown]
        return Asker(
            mac=mac,
            address=self.rows.addresses[int(frames.sender[mine[0]])],
            node=self.owned.of(mac)[0],
            asks=int(np.bincount(frames.place[mine]).max()),
            unanswered=0,
            first_ns=int(frames.time[mine[0]]),
            last_ns=int(frames.time[mine[-1]]),
            points=tuple(sorted(self.rows.points[code] for code in np.unique(frames.point[mine]).tolist())),
            evidence=Proofs(lambda: self.prover.of(rows.tolist(), "the question")),
        )
