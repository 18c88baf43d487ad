"""Requests: one HTTP exchange, joined over the client leg and the backend leg of a proxy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
    alpn: str | None = None  # the chosen one; TLS 1.3 hides it
    offered: tuple[str, ...] = ()  # protocols that the client offers by ALPN
    tls_version: str | None = None
    over_tls: bool = False
    by_proxy: bool = False  # what it carries is written by proxies only: whoever asked is one itself

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        tls = None
        if self.over_tls:
            tls = {"sni": self.sni, "alpn": self.alpn, "offered": list(self.offered), "version": self.tls_version}
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
    """One try of the proxy towards one backend. ``source_kind``: ingress node cilium-host pod other.

    ``result``: answered, reset or no-answer. ``wait_ns`` is the time to the answer's head, seen nearest to the proxy.
    """

    src: str
    sport: int
    dst: str
    dport: int
    points: tuple[str, ...]
    status: int | None
    source_kind: str
    backend: Backend
    result: str = ""
    wait_ns: int | None = None
    host: str = ""  # as the proxy sent it: it may have rewritten both
    path: str = ""
    whole: bool = True  # its head was captured to the end: then a header that is not told was not there
    evidence: Sequence[Evidence] = field(
        default=(), compare=False, repr=False
    )  # the request, in the JSON of all proofs

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "src": self.src, "sport": self.sport, "dst": self.dst, "dport": self.dport,
            "points": list(self.points), "status": self.status, "source_kind": self.source_kind,
            "backend": self.backend.to_json(), "result": self.result, "wait_ns": self.wait_ns,
            "host": self.host, "path": self.path,
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

    ``gateway_ns`` is the time inside the proxy node, request plus response side, on that node's clock. ``client`` is
    by packets where the client leg was captured, else what the proxy wrote into X-Forwarded-For.
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
    evidence: Sequence[Evidence] = ()
    ts_ns: int = 0
    note: str = ""  # why a leg is missing, or why several candidates fit
    client_by_packets: str | None = None
    client_by_xff: str | None = None  # whom the proxy talked to, as it wrote it: the last entry
    xff_claimed: tuple[str, ...] = ()  # entries that stood there before the proxy wrote: anybody may have sent them
    xff_agrees: bool | None = None  # whether the proxy's own entry is an address that the client leg shows
    joined_by: str = ""  # what the join of the legs rests on
    answered_by: str = "unknown"  # backend, proxy or unknown
    backends_ns: int | None = None  # from the first try to the last answer's head, seen nearest to the proxy
    envoy_upstream_ms: int | None = None  # Envoy's own measure of that (x-envoy-upstream-service-time)
    possible_attempts: tuple[Attempt, ...] = ()  # where several fit, and none is chosen
    possible_client_legs: tuple[ClientLeg, ...] = ()
    # what was asked with, by lower-case name, as the client sent it; over TLS, as the proxy sent it on
    headers: Callable[[], Mapping[str, str]] = field(default=dict, compare=False, repr=False)

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
            "client_by_packets": self.client_by_packets, "client_by_xff": self.client_by_xff,
            "xff_claimed": list(self.xff_claimed), "xff_agrees": self.xff_agrees, "joined_by": self.joined_by,
            "answered_by": self.answered_by, "backends_ns": self.backends_ns,
            "envoy_upstream_ms": self.envoy_upstream_ms,
            "possible_attempts": [one.to_json() for one in self.possible_attempts],
            "possible_client_legs": [one.to_json() for one in self.possible_client_legs],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSession:
    """One TLS session, over one TCP connection or, passed on unopened, over several.

    ``kind``: passthrough (the same ClientHello on several TCP connections), terminated (requests of it go on in clear),
    end-to-end (its TCP connection ends at a pod), unknown.
    """

    kind: str
    client_leg: ClientLeg
    backend_legs: tuple[Attempt, ...]
    proxy: Proxy | None
    backend: Backend | None
    requests: int  # that were joined with it
    confidence: Confidence
    note: str
    evidence: Sequence[Evidence] = ()
    ts_ns: int = 0
    same_bytes: bool = False  # its legs begin with the same bytes: no PROXY header before the hello names the client

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "kind": self.kind, "client": self.client_leg.src, "client_leg": self.client_leg.to_json(),
            "backend_legs": [one.to_json() for one in self.backend_legs],
            "proxy": self.proxy.to_json() if self.proxy else None,
            "backend": self.backend.to_json() if self.backend else None,
            "requests": self.requests, "confidence": self.confidence.value, "note": self.note,
            "evidence": [one.to_json() for one in self.evidence],
        }  # fmt: skip
