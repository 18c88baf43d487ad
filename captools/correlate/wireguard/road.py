"""The road through the WireGuard room: from sightings to the bridge that paths need and the verdict on encryption."""

from __future__ import annotations

from dataclasses import dataclass

from captools.correlate.evidence import Prover
from captools.correlate.sightings import Ints, Sightings
from captools.correlate.wireguard.bridge import Bridge, bridge
from captools.correlate.wireguard.cards import Cards, cards
from captools.correlate.wireguard.classes import classify
from captools.correlate.wireguard.crossings import Between, crossings
from captools.correlate.wireguard.ends import Ends
from captools.correlate.wireguard.handshakes import attempts, established, told
from captools.correlate.wireguard.judge import ByPair, Found, Judge
from captools.correlate.wireguard.messages import Messages, messages
from captools.correlate.wireguard.sessions import sessions
from captools.correlate.wireguard.troubles import Witnesses, births, troubles
from captools.model.cluster import Cluster
from captools.model.encryption import Encryption
from captools.model.points import Role
from captools.model.sources import Source


@dataclass(frozen=True, slots=True)
class WireGuard:
    """WireGuard as one capture shows it. ``bridge`` says which datagram carries which inner packet."""

    rows: Sightings
    cluster: Cluster
    ends: Ends
    cards: Cards
    seen: Messages
    bridge: Bridge

    def encryption(self, packets: Ints, between: Between, prover: Prover, *, expected: bool) -> Encryption:
        """Return the verdict on encryption between nodes.

        ``packets`` numbers different packets by row, ABSENT where a row is its own; ``between`` compares two nodes'
        clocks; ``expected``: the user says that encryption is on.
        """
        rows, ends, seen = self.rows, self.ends, self.seen
        ordered = attempts(rows, ends, self.cards.sealed, seen)
        begun = established(rows, ends, ordered)
        found = Found(
            classified=classify(rows, ends, self.cluster, self.cards.clear, self.cards.sealed),
            inner=ByPair.of(self.bridge.streams),
            handshakes=ByPair.of((one.initiator, one.responder, told(rows, ends, one)) for one in ordered),
            sessions=ByPair.of(sessions(rows, ends, seen, begun)),
            crossings=ByPair.of(crossings(rows, ends, seen, between, prover)),
            troubles=ByPair.of(
                troubles(ordered, Witnesses(rows, ends, self.cards, prover, self.cluster), births(seen))
            ),
        )
        return Judge(rows, ends, self.cluster, self.cards, prover, packets, expected).verdict(found)


def wireguard(rows: Sightings, roles: dict[str, Role], cluster: Cluster, sources: tuple[Source, ...]) -> WireGuard:
    """Find WireGuard's datagrams between nodes and the inner packets that fit them; ``roles`` by point."""
    ends = Ends(rows, cluster)
    looking = cards(rows, roles, cluster, ends, sources)
    seen = messages(rows, ends, looking.sealed)
    return WireGuard(rows, cluster, ends, looking, seen, bridge(rows, roles, cluster, ends, seen))
