"""Path MTU: what routers said by ICMP about packets too large for the next link, and whether the sender obeyed."""

from __future__ import annotations

from dataclasses import dataclass

from captools.model.evidence import Evidence
from captools.model.paths import Way


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldMtu:
    """A router's word on one way of one conversation: ICMP type 3 code 4 (RFC 1191), or ICMPv6 type 2 (RFC 8201).

    ``by`` is the router's address, ``mtu`` what its next link takes (0 where it does not say), ``errors`` how many
    different ones there were and ``points`` where they were seen; ``home``: the first point of the way, if it saw one of
    them. ``refused_bytes``: the largest packet that was refused, ``largest_after``: the largest one that the sender sent
    after it could know; both of the whole IP packet, 0 where unknown.
    """

    path: int
    way: Way
    by: str
    mtu: int
    errors: int
    points: tuple[str, ...]
    home: str = ""
    refused_bytes: int = 0
    largest_after: int = 0
    evidence: tuple[Evidence, ...] = ()

    @property
    def obeyed(self) -> bool | None:
        """Tell whether the sender went on with packets that fit; None where that is not known."""
        return None if not self.mtu or not self.largest_after else self.largest_after <= self.mtu
