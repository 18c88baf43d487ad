"""Flows: one originator and one responder, before any translation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from captools.model.addresses import endpoint

PROTO_NAMES = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp", 136: "udplite"}


def proto_name(number: int | None) -> str:
    """Return the name of an IP protocol number, or the number as text."""
    return "" if number is None else PROTO_NAMES.get(number, str(number))


@dataclass(frozen=True, slots=True, order=True)
class Flow:
    """The originator's view: who called whom. ICMP echo: ports are None, ``icmp_id`` tells pings apart."""

    src: str
    dst: str
    proto: int
    sport: int | None = None
    dport: int | None = None
    icmp_id: int | None = None

    def __str__(self) -> str:
        name = proto_name(self.proto)
        return f"{endpoint(self.src, self.sport)} -> {endpoint(self.dst, self.dport)} {name}"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (DESIGN, section 7)."""
        document: dict[str, Any] = {
            "src": self.src, "dst": self.dst, "sport": self.sport, "dport": self.dport,
            "proto": proto_name(self.proto),
        }  # fmt: skip
        if self.icmp_id is not None:
            document["icmp_id"] = self.icmp_id
        return document
