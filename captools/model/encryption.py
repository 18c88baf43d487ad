"""Encryption between nodes: what WireGuard carried, what crossed in the clear, and what nobody could see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from captools.model.evidence import Evidence
from captools.model.wireguard import Crossing, Handshake, Inner, Session, Trouble


class Verdict(StrEnum):
    """leaking: pod traffic crossed in clear though encryption is on or was expected."""

    ENCRYPTED = "encrypted"
    LEAKING = "leaking"
    UNKNOWN = "unknown"
    NOT_ENCRYPTED = "not-encrypted"


class Kind(StrEnum):
    """What a frame between two nodes is, as far as encryption is concerned."""

    DATA = "wireguard-data"
    KEEPALIVE = "wireguard-keepalive"
    HANDSHAKE = "wireguard-handshake"
    COOKIE = "wireguard-cookie"
    IPSEC = "ipsec"  # ESP: whether it encrypts stands in the keys' configuration, not in the packet
    POD = "pod"  # pods (or an ingress address) of both nodes, readable: WireGuard is meant to cover it
    OVERLAY = "overlay"  # the same, inside a tunnel that does not encrypt
    DECRYPTED = "decrypted"  # the same at its receiver's card, beside ESP: the kernel shows there what it decrypted
    HEALTH = "health"  # Cilium's health checks (TCP 4240, identity 4), in clear by design
    NODE = "node"  # a node itself is one end: in clear by design without node encryption
    NEIGHBOUR = "neighbour"  # ICMPv6 neighbour and router discovery
    ARP = "arp"
    CONTROL = "control"  # frames without IP
    OTHER = "other"  # readable, and the inventory does not know an address of it
    UNREAD = "unread"  # cut short, or a later fragment: nobody can say what it is


LEAKS = frozenset({Kind.POD, Kind.OVERLAY})
SEALED = frozenset({Kind.DATA, Kind.KEEPALIVE, Kind.HANDSHAKE, Kind.COOKIE})
OPEN_QUESTIONS = frozenset({Kind.OTHER, Kind.UNREAD, Kind.IPSEC})  # no claim "all of it was encrypted" stands on them


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCount:
    """How many frames between two nodes are of one class: sightings, different packets, and where."""

    kind: Kind
    sightings: int
    packets: int
    points: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "class": self.kind.value,
            "sightings": self.sightings,
            "packets": self.packets,
            "points": list(self.points),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two nodes (names, or underlay addresses where no inventory names them)."""

    a: str
    b: str
    wireguard_packets: int
    cleartext_packets: int
    matched_inner: int
    unmatched_inner: int
    handshakes: tuple[Handshake, ...]
    coverage: str
    evidence: tuple[Evidence, ...] = ()
    verdict: Verdict = Verdict.UNKNOWN
    reason: str = ""
    classes: tuple[ClassCount, ...] = ()
    sessions: tuple[Session, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    inner: tuple[Inner, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (DESIGN, section 7)."""
        return {
            "a": self.a, "b": self.b, "verdict": self.verdict.value, "reason": self.reason,
            "wireguard_packets": self.wireguard_packets,
            "cleartext_packets": self.cleartext_packets, "matched_inner": self.matched_inner,
            "unmatched_inner": self.unmatched_inner, "handshakes": [h.to_json() for h in self.handshakes],
            "coverage": self.coverage, "evidence": [one.to_json() for one in self.evidence],
            "classes": [one.to_json() for one in self.classes],
            "sessions": [one.to_json() for one in self.sessions],
            "crossings": [one.to_json() for one in self.crossings],
            "inner": [one.to_json() for one in self.inner],
            "troubles": [one.to_json() for one in self.troubles],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleartext:
    """Traffic seen readable on a link between nodes. ``kind`` is written as ``class`` in JSON; see ``Kind``."""

    src: str
    dst: str
    kind: str
    packets: int
    points: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (DESIGN, section 7)."""
        return {
            "src": self.src, "dst": self.dst, "class": self.kind, "packets": self.packets,
            "points": list(self.points), "evidence": [one.to_json() for one in self.evidence],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """The verdict over all pairs of nodes, and why."""

    verdict: Verdict
    reason: str
    pairs: tuple[Pair, ...] = ()
    cleartext: tuple[Cleartext, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (DESIGN, section 7)."""
        return {
            "verdict": self.verdict.value, "reason": self.reason,
            "pairs": [pair.to_json() for pair in self.pairs],
            "cleartext": [one.to_json() for one in self.cleartext],
        }  # fmt: skip
