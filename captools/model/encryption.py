"""Encryption between nodes: what WireGuard carried, what crossed in the clear, and what nobody could see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from captools.model.evidence import Evidence


class Verdict(StrEnum):
    """leaking: pod traffic crossed in clear though encryption is on or was expected."""

    ENCRYPTED = "encrypted"
    LEAKING = "leaking"
    UNKNOWN = "unknown"
    NOT_ENCRYPTED = "not-encrypted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """One WireGuard handshake initiation and what became of it (``answered``, ``unanswered``)."""

    time: str
    rtt_ns: int | None
    result: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"time": self.time, "rtt_ns": self.rtt_ns, "result": self.result}


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

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (DESIGN, section 7)."""
        return {
            "a": self.a, "b": self.b, "wireguard_packets": self.wireguard_packets,
            "cleartext_packets": self.cleartext_packets, "matched_inner": self.matched_inner,
            "unmatched_inner": self.unmatched_inner, "handshakes": [h.to_json() for h in self.handshakes],
            "coverage": self.coverage, "evidence": [one.to_json() for one in self.evidence],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleartext:
    """Pod traffic seen readable on a link between nodes. ``kind`` is written as ``class`` in JSON."""

    src: str
    dst: str
    kind: str  # "pod" (plain), "overlay" (VXLAN or Geneve in clear), "node" (host traffic, clear by design)
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
