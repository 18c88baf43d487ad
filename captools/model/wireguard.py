"""What the packets of WireGuard tell without its keys: handshakes, sessions, losses and delays, inner packets that fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from captools.model.evidence import Confidence, Evidence


def index_text(index: int | None) -> str | None:
    """Return a session index as Wireshark prints it.

    >>> index_text(0xAE66888)
    '0x0ae66888'
    """
    return None if index is None else f"0x{index:08x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """One WireGuard handshake initiation and what became of it (``answered``, ``unanswered``).

    ``kind``: ``first``, ``retry`` (the one before went unanswered), ``rekey`` (of a session that was in use).
    ``detail`` says more of an unanswered one. ``rtt_ns`` is measured at ``point``, on one clock.
    """

    time: str
    rtt_ns: int | None
    result: str
    initiator: str = ""
    responder: str = ""
    sender_index: int | None = None
    receiver_index: int | None = None  # the responder's, from its answer
    kind: str = ""
    attempt: int = 1
    detail: str = ""
    point: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; indices as Wireshark prints them."""
        return {
            "time": self.time, "rtt_ns": self.rtt_ns, "result": self.result, "initiator": self.initiator,
            "responder": self.responder, "sender_index": index_text(self.sender_index),
            "receiver_index": index_text(self.receiver_index), "kind": self.kind, "attempt": self.attempt,
            "detail": self.detail, "point": self.point,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One direction of a session: the data messages that carry one receiver index.

    ``established`` is the time of the handshake's answer, empty where the capture does not hold it; ``expired``
    counts data sent more than 180 s (REJECT_AFTER_TIME) behind it, which the receiver throws away.
    """

    sender: str
    receiver: str
    receiver_index: int
    sender_index: int | None  # of the same session's other direction, from the handshake
    established: str
    first: str
    last: str
    data: int
    keepalives: int
    first_counter: int
    last_counter: int
    expired: int = 0
    gaps: dict[str, int] = field(default_factory=dict)  # point -> counters that never came by between first and last
    duplicates: dict[str, int] = field(default_factory=dict)  # point -> datagrams that came by again
    reordered: dict[str, int] = field(default_factory=dict)  # point -> datagrams behind one with a higher counter

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form. Counters are strings: they have 64 bits."""
        return {
            "sender": self.sender, "receiver": self.receiver, "receiver_index": index_text(self.receiver_index),
            "sender_index": index_text(self.sender_index), "established": self.established, "first": self.first,
            "last": self.last, "data": self.data, "keepalives": self.keepalives,
            "first_counter": str(self.first_counter), "last_counter": str(self.last_counter), "expired": self.expired,
            "gaps": self.gaps, "duplicates": self.duplicates, "reordered": self.reordered,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Datagrams of one direction between the cards of two nodes, matched exactly by (receiver index, counter).

    ``missing`` left the sender while the receiver's card was listening and never came; ``last_seen`` says by point
    how far they were followed. ``unjudged`` did not come either, but the receiver's card may not have been listening.
    ``unsent`` came without having been seen to leave: the sender's capture lacks them.
    Delays are None where the two clocks cannot be compared; ``delay_error_ns`` is the bound of each of the three.
    """

    sender: str
    receiver: str
    sender_points: tuple[str, ...]
    receiver_points: tuple[str, ...]
    matched: int
    missing: int
    unjudged: int
    unsent: int
    last_seen: dict[str, int] = field(default_factory=dict)
    delay_min_ns: int | None = None
    delay_median_ns: int | None = None
    delay_max_ns: int | None = None
    delay_error_ns: int | None = None
    evidence: tuple[Evidence, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "sender": self.sender, "receiver": self.receiver, "sender_points": list(self.sender_points),
            "receiver_points": list(self.receiver_points), "matched": self.matched, "missing": self.missing,
            "unjudged": self.unjudged, "unsent": self.unsent, "last_seen": self.last_seen, "delay_min_ns": self.delay_min_ns,
            "delay_median_ns": self.delay_median_ns, "delay_max_ns": self.delay_max_ns,
            "delay_error_ns": self.delay_error_ns, "evidence": [one.to_json() for one in self.evidence],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """Inner packets of one direction at one node, and how many fit datagrams by size, order and time.

    ``edge`` of the unmatched ones stand so close to the beginning or end of a capture that their datagram may lie
    outside of it. ``likely``: a whole burst fits message by message; ``possible``: other datagrams fit as well.
    """

    node: str
    sender: str
    receiver: str
    points: tuple[str, ...]
    matched: int
    unmatched: int
    edge: int
    likely: int
    possible: int
    datagrams: int  # messages that the matched packets fill; more than ``matched`` where super-frames were cut

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "node": self.node, "sender": self.sender, "receiver": self.receiver, "points": list(self.points),
            "matched": self.matched, "unmatched": self.unmatched, "edge": self.edge, "likely": self.likely,
            "possible": self.possible, "datagrams": self.datagrams,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Handshakes of one direction that fail, and what the packets say of the cause.

    ``kind``: ``ignored`` (they reach the peer's card, which never answers), ``blocked`` (they never reach it although
    other traffic does), ``filtered`` (nor although WireGuard's data do), ``unreached`` (neither they nor anything else
    does), ``answer-lost``, ``closed`` (ICMP port unreachable came back), ``unknown`` (not covered).
    """

    kind: str
    initiator: str
    responder: str
    initiations: int
    first: str
    last: str
    reason: str
    confidence: Confidence
    points: tuple[str, ...] = ()
    last_seen: str = ""  # the point where the last of them got farthest
    unseen_at: tuple[str, ...] = ()  # blocked, unreached: the responder's cards, where they would have been seen
    evidence: tuple[Evidence, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "kind": self.kind, "initiator": self.initiator, "responder": self.responder,
            "initiations": self.initiations, "first": self.first, "last": self.last, "reason": self.reason,
            "confidence": self.confidence.value, "points": list(self.points), "last_seen": self.last_seen,
            "unseen_at": list(self.unseen_at),
            "evidence": [one.to_json() for one in self.evidence],
        }  # fmt: skip
