"""Requests: one HTTP exchange, joined over the client leg and the backend leg of a proxy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from captools.model.evidence import Confidence, Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLeg:
    """The connection from the client to the proxy (or to the server, where there is no proxy)."""

    src: str
    sport: int
    dst: str
    dport: int
    points: tuple[str, ...]
    sni: str | None = None
    alpn: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        tls = {"sni": self.sni, "alpn": self.alpn} if self.sni or self.alpn else None
        return {
            "src": self.src, "sport": self.sport, "dst": self.dst, "dport": self.dport,
            "points": list(self.points), "tls": tls,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """The pod (or address) that served an attempt."""

    ip: str
    port: int
    pod: str | None
    node: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"ip": self.ip, "port": self.port, "pod": self.pod, "node": self.node}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of the proxy towards one backend. ``source_kind``: ingress node cilium-host pod other."""

    src: str
    sport: int
    dst: str
    dport: int
    points: tuple[str, ...]
    status: int | None
    source_kind: str
    backend: Backend

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "src": self.src, "sport": self.sport, "dst": self.dst, "dport": self.dport,
            "points": list(self.points), "status": self.status, "source_kind": self.source_kind,
            "backend": self.backend.to_json(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """The proxy between the legs: where it runs and which address it used towards the backend."""

    node: str | None
    source_address: str
    source_kind: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"node": self.node, "source_address": self.source_address, "source_kind": self.source_kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as a person thinks of it, whatever number of connections carried it.

    ``gateway_ns`` is the time inside the proxy node, request plus response side, on that node's clock.
    """

    method: str
    path: str
    host: str
    status: int | None
    request_id: str | None
    client: str
    xff: tuple[str, ...]
    client_leg: ClientLeg | None
    attempts: tuple[Attempt, ...]
    backend_leg: Attempt | None
    proxy: Proxy | None
    backend: Backend | None
    gateway_ns: int | None
    total_ns: int | None
    confidence: Confidence
    evidence: tuple[Evidence, ...] = ()
    ts_ns: int = 0
    note: str = ""  # why a leg is missing, or why several candidates fit

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form (DESIGN, section 7)."""
        return {
            "method": self.method, "path": self.path, "host": self.host, "status": self.status,
            "request_id": self.request_id, "client": self.client, "xff": list(self.xff),
            "client_leg": self.client_leg.to_json() if self.client_leg else None,
            "attempts": [attempt.to_json() for attempt in self.attempts],
            "backend_leg": self.backend_leg.to_json() if self.backend_leg else None,
            "proxy": self.proxy.to_json() if self.proxy else None,
            "backend": self.backend.to_json() if self.backend else None,
            "gateway_ns": self.gateway_ns, "total_ns": self.total_ns, "note": self.note,
            "confidence": self.confidence.value, "evidence": [one.to_json() for one in self.evidence],
        }  # fmt: skip
