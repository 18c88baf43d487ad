"""Clocks as an analysis tells of them: offsets, steps, and packets whose stamps no clock explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from captools.model.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStep:
    """A clock was set between two times (RFC 3339, of the reference's clock): it jumped ahead by ``by_ns``."""

    after: str
    before: str
    by_ns: int
    error_ns: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"after": self.after, "before": self.before, "by_ns": self.by_ns, "error_ns": self.error_ns}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOffset:
    """How far a node's clock runs ahead of the reference node's; None where unknown.

    ``offset_ns`` holds ``at`` that time (RFC 3339, of the reference's clock) and changes by ``drift_ppm``: a thousand
    ns per second for each. ``method`` says how it is known, or what little is known where it is not.
    """

    node: str
    offset_ns: int | None
    error_ns: int | None
    method: str
    drift_ppm: float | None = None
    drift_error_ppm: float | None = None
    at: str = ""
    steps: tuple[ClockStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyPacket:
    """A matched packet that arrived before it was sent, ``by_ns`` beyond the clocks' error: a clock or a match is wrong."""

    sent: str  # point
    received: str
    by_ns: int
    evidence: tuple[Evidence, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "sent": self.sent, "received": self.received, "by_ns": self.by_ns,
            "evidence": [one.to_json() for one in self.evidence],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReport:
    """All clocks of a session against the one of ``reference``."""

    offsets: tuple[ClockOffset, ...] = ()
    reference: str = ""
    early: tuple[EarlyPacket, ...] = ()
