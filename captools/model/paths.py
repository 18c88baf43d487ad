"""Paths: one flow's packets at every observation point, in order, with what changed between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from captools.model.evidence import Confidence, Evidence
from captools.model.flows import Flow


class Change(StrEnum):
    """What happened to the packet since the hop before."""

    NONE = "none"
    ENCAPSULATED = "encapsulated"
    DECAPSULATED = "decapsulated"
    TRANSLATED = "translated"
    ENCRYPTED = "encrypted"
    DECRYPTED = "decrypted"
    PROXIED = "proxied"
    ROUTED = "routed"


class Way(StrEnum):
    """forward: from the originator; reply: back to it."""

    FORWARD = "forward"
    REPLY = "reply"


class Outcome(StrEnum):
    """How the flow ended, as far as the captures can tell."""

    DELIVERED = "delivered"
    LOST = "lost"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One observation point on the way. ``delay_ns`` is the time since the hop before (None at the first)."""

    point: str
    way: Way
    direction: str | None  # "in" or "out" of the interface; None where neither link type nor MAC tells
    src: str
    dst: str
    sport: int | None
    dport: int | None
    outer_src: str | None
    outer_dst: str | None
    vni: int | None
    identity: str | None
    ttl: int | None
    change: Change
    ts_ns: int
    delay_ns: int | None
    delay_error_ns: int | None
    confidence: Confidence
    tunnel: str = "none"
    wire_len: int = 0
    outer_ttl: int | None = None
    evidence: tuple[Evidence, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (DESIGN, section 7)."""
        return {
            "point": self.point, "way": self.way.value, "direction": self.direction, "src": self.src,
            "dst": self.dst, "sport": self.sport, "dport": self.dport, "outer_src": self.outer_src,
            "outer_dst": self.outer_dst, "tunnel": self.tunnel, "vni": self.vni, "identity": self.identity,
            "ttl": self.ttl,
            "outer_ttl": self.outer_ttl, "wire_len": self.wire_len, "change": self.change.value, "delay_ns": self.delay_ns,
            "delay_error_ns": self.delay_error_ns, "confidence": self.confidence.value,
            "evidence": [one.to_json() for one in self.evidence],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One flow followed over the points. ``packets`` counts different packets, not sightings."""

    flow: Flow
    packets: int
    outcome: Outcome
    reason: str
    last_seen: str
    hops: tuple[Hop, ...]
    first_ns: int = 0
    reply_packets: int = 0
    request_packets: int = 0
    points: tuple[str, ...] = ()  # every point at which a packet of the flow was seen

    def ways(self, way: Way) -> tuple[Hop, ...]:
        """Return the hops of one direction."""
        return tuple(hop for hop in self.hops if hop.way is way)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (DESIGN, section 7)."""
        return {
            "flow": self.flow.to_json(), "packets": self.packets, "outcome": self.outcome.value,
            "reason": self.reason, "last_seen": self.last_seen, "points": list(self.points),
            "hops": [hop.to_json() for hop in self.hops],
        }  # fmt: skip
