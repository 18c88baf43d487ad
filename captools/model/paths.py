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
    frames: int = 1  # more where a super-frame of another point is several segments here
    sender_identity: int | None = None  # the inventory's identity of ``src``, where the VNI can be held against it
    dsr: str | None = None  # the service address that DSR hands to the backend (FACTS, section 4)

    @property
    def identity_agrees(self) -> bool | None:
        """Tell whether the VNI is the sender's identity; None where no inventory can tell."""
        return None if self.vni is None or self.sender_identity is None else self.vni == self.sender_identity

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (DESIGN, section 7)."""
        return {
            "point": self.point, "way": self.way.value, "direction": self.direction, "src": self.src,
            "dst": self.dst, "sport": self.sport, "dport": self.dport, "outer_src": self.outer_src,
            "outer_dst": self.outer_dst, "tunnel": self.tunnel, "vni": self.vni, "identity": self.identity,
            "ttl": self.ttl,
            "outer_ttl": self.outer_ttl, "wire_len": self.wire_len, "change": self.change.value, "delay_ns": self.delay_ns,
            "delay_error_ns": self.delay_error_ns, "confidence": self.confidence.value, "frames": self.frames,
            "sender_identity": self.sender_identity, "identity_agrees": self.identity_agrees, "dsr": self.dsr,
            "evidence": [one.to_json() for one in self.evidence],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A point that the nodes' own tables send the flow by, or that every delivery must pass.

    ``blind`` says why silence there proves nothing; it is empty where the point saw the flow or could have.
    """

    point: str
    way: Way
    why: str
    seen: bool
    blind: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; ``could_have_seen`` sums up the last two."""
        return {
            "point": self.point, "way": self.way.value, "why": self.why, "seen": self.seen,
            "could_have_seen": self.seen or not self.blind, "blind": self.blind,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Packets of a flow that were seen at ``after`` and not at ``before``, which others of the flow came by.

    ``resent``: how many of them the sender sent again. ``blind``: why ``before`` may only have missed them. ``cause``:
    what an ICMP error says became of them, which proves the loss.
    """

    way: Way
    after: str
    before: str
    packets: int
    resent: int
    blind: str = ""
    cause: str = ""
    evidence: tuple[Evidence, ...] = ()

    @property
    def proven(self) -> bool:
        """Tell whether the packets were lost for sure."""
        return bool(self.cause) or not self.blind

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "way": self.way.value, "after": self.after, "before": self.before, "packets": self.packets,
            "resent": self.resent, "proven": self.proven, "blind": self.blind, "cause": self.cause,
            "evidence": [one.to_json() for one in self.evidence],
        }  # fmt: skip


class Asymmetry(StrEnum):
    """How the way back differs from the way there."""

    INTERFACE = "interface"  # another interface of a node that both ways cross
    NODE = "node"  # a node that only one of the ways crosses
    DIRECT_RETURN = "direct-return"  # the answer does not return through the node that translated the request (DSR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detour:
    """One difference between the two ways, at one node; ``points`` are those that only one of the ways crosses."""

    kind: Asymmetry
    node: str
    forward: tuple[str, ...]
    reply: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "kind": self.kind.value, "node": self.node, "forward": list(self.forward), "reply": list(self.reply),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Who refused a conversation, and how: by TCP resets in the responder's name, or by ICMP errors about it.

    ``by`` is the address that the refusal came from, ``point`` the point of those that show it which is nearest to its
    sender, ``direction`` its way through that interface ("in", "out" or None). ``unreached``: a point behind the last one
    that saw the request, which was listening and never saw it: then a reset was sent by somebody on the way. ``opening``
    tells whether it is the beginning of the conversation that was refused. ``after_ns``: from the first packet of the
    conversation to the first refusal, both at ``point``; None where that did not show both.
    """

    kind: str  # "reset" or "icmp"
    by: str
    point: str
    direction: str | None
    opening: bool
    packets: int = 1  # different resets or errors
    unreached: str = ""
    icmp_code: int | None = None
    after_ns: int | None = None
    evidence: tuple[Evidence, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "kind": self.kind, "by": self.by, "point": self.point, "direction": self.direction, "opening": self.opening,
            "packets": self.packets, "unreached": self.unreached, "icmp_code": self.icmp_code, "after_ns": self.after_ns,
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
    lost_between: tuple[str, str] | None = None  # outcome lost: the last point that saw it, the first that did not
    expected: tuple[Expected, ...] = ()
    losses: tuple[Loss, ...] = ()
    detours: tuple[Detour, ...] = ()
    refusal: Refusal | None = None
    no_answer_at: str = ""  # outcome unknown: the responder's own interface, which would have shown its answer
    opened: bool = False  # TCP: its SYN was seen
    last_evidence: tuple[Evidence, ...] = ()  # all packets that were lost or not answered, where they were last seen

    def ways(self, way: Way) -> tuple[Hop, ...]:
        """Return the hops of one direction."""
        return tuple(hop for hop in self.hops if hop.way is way)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (DESIGN, section 7)."""
        return {
            "flow": self.flow.to_json(), "packets": self.packets, "outcome": self.outcome.value,
            "reason": self.reason, "last_seen": self.last_seen, "points": list(self.points),
            "request_packets": self.request_packets, "reply_packets": self.reply_packets,
            "lost_between": list(self.lost_between) if self.lost_between else None,
            "expected": [one.to_json() for one in self.expected],
            "losses": [one.to_json() for one in self.losses],
            "asymmetry": [one.to_json() for one in self.detours],
            "refusal": self.refusal.to_json() if self.refusal else None, "no_answer_at": self.no_answer_at,
            "hops": [hop.to_json() for hop in self.hops],
        }  # fmt: skip
