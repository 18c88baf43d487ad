"""An analysis as flat tables for SQL: addresses as text, times as timestamps (UTC), one idea per table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from captools.model.analysis import Analysis
from captools.model.evidence import Evidence
from captools.model.flows import proto_name
from captools.model.paths import Hop
from captools.model.requests import Request
from captools.views.documents import info
from captools.views.frame import TIME

_T, _I, _TEXTS = pa.string(), pa.int64(), pa.list_(pa.string())
_EVIDENCE = pa.list_(
    pa.struct([("point", _T), ("file", _T), ("frames", pa.list_(_I)), ("filter", _T), ("shows", _T)])
)  # fmt: skip
_SUBJECT = ("src", "dst", "sport", "dport", "proto", "pod", "node", "vip", "name")

REQUESTS = pa.schema([
    ("time", TIME), ("method", _T), ("host", _T), ("path", _T), ("status", _I), ("request_id", _T), ("client", _T),
    ("xff", _TEXTS), ("client_src", _T), ("client_sport", _I), ("client_dst", _T), ("client_dport", _I), ("sni", _T),
    ("attempts", _I), ("proxy_node", _T), ("source_address", _T), ("source_kind", _T), ("backend_ip", _T),
    ("backend_port", _I), ("backend_pod", _T), ("backend_node", _T), ("gateway_ns", _I), ("total_ns", _I),
    ("confidence", _T), ("note", _T), ("evidence", _EVIDENCE),
])  # fmt: skip
FINDINGS = pa.schema([
    ("rule", _T), ("severity", _T), ("confidence", _T), ("statement", _T), ("remedy", _T),
    *((name, _T) for name in _SUBJECT), ("evidence", _EVIDENCE),
])  # fmt: skip
PATHS = pa.schema([
    ("path", _I), ("time", TIME), ("src", _T), ("sport", _I), ("dst", _T), ("dport", _I), ("proto", _T), ("packets", _I),
    ("outcome", _T), ("reason", _T), ("last_seen", _T), ("points", _TEXTS),
])  # fmt: skip
HOPS = pa.schema([
    ("path", _I), ("hop", _I), ("way", _T), ("time", TIME), ("point", _T), ("node", _T), ("direction", _T), ("src", _T),
    ("sport", _I), ("dst", _T), ("dport", _I), ("outer_src", _T), ("outer_dst", _T), ("tunnel", _T), ("vni", _I),
    ("identity", _T), ("ttl", _I), ("outer_ttl", _I), ("wire_len", _I), ("change", _T), ("delay_ns", _I),
    ("delay_error_ns", _I), ("confidence", _T), ("file", _T), ("frame", _I),
])  # fmt: skip
POINTS = pa.schema([
    ("point", _T), ("node", _T), ("interface", _T), ("file", _T), ("packets", _I), ("bytes", _I), ("first", _T),
    ("last", _T), ("linktype", _I), ("offset_ns", _I), ("offset_error_ns", _I), ("offset_method", _T),
    ("drift_ppm", pa.float64()), ("drift_error_ppm", pa.float64()),
])  # fmt: skip


def _evidence(proofs: Sequence[Evidence]) -> list[dict[str, Any]]:
    return [{"point": one.point, "file": one.file, "frames": list(one.frames), "filter": one.filter, "shows": one.shows}
            for one in proofs]  # fmt: skip


def _requests(analysis: Analysis) -> pa.Table:
    return pa.Table.from_pylist([_request(one) for one in analysis.requests], schema=REQUESTS)


def _request(one: Request) -> dict[str, Any]:
    leg, proxy, backend = one.client_leg, one.proxy, one.backend
    return {
        "time": one.ts_ns, "method": one.method, "host": one.host, "path": one.path, "status": one.status,
        "request_id": one.request_id, "client": one.client, "xff": list(one.xff),
        "client_src": leg and leg.src, "client_sport": leg and leg.sport, "client_dst": leg and leg.dst,
        "client_dport": leg and leg.dport, "sni": leg and leg.sni, "attempts": len(one.attempts),
        "proxy_node": proxy and proxy.node, "source_address": proxy and proxy.source_address,
        "source_kind": proxy and proxy.source_kind, "backend_ip": backend and backend.ip,
        "backend_port": backend and backend.port, "backend_pod": backend and backend.pod,
        "backend_node": backend and backend.node, "gateway_ns": one.gateway_ns, "total_ns": one.total_ns,
        "confidence": one.confidence.value, "note": one.note or None, "evidence": _evidence(one.evidence),
    }  # fmt: skip


def _findings(analysis: Analysis) -> pa.Table:
    rows = []
    for one in analysis.findings:
        subject = {name: one.subject.get(name) for name in _SUBJECT}
        rows.append({
            "rule": one.rule, "severity": one.severity.value, "confidence": one.confidence.value,
            "statement": one.statement, "remedy": one.remedy, "evidence": _evidence(one.evidence),
            **{name: None if value is None else str(value) for name, value in subject.items()},
        })  # fmt: skip
    return pa.Table.from_pylist(rows, schema=FINDINGS)


def _paths(analysis: Analysis) -> pa.Table:
    rows = [
        {"path": at, "time": one.first_ns, "src": one.flow.src, "sport": one.flow.sport, "dst": one.flow.dst,
         "dport": one.flow.dport, "proto": proto_name(one.flow.proto), "packets": one.packets,
         "outcome": one.outcome.value, "reason": one.reason, "last_seen": one.last_seen, "points": list(one.points)}
        for at, one in enumerate(analysis.paths, 1)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=PATHS)


def _hops(analysis: Analysis) -> pa.Table:
    rows = [
        _hop(at, number, hop)
        for at, path in enumerate(analysis.paths, 1)
        for number, hop in enumerate(path.hops, 1)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=HOPS)


def _hop(path: int, number: int, hop: Hop) -> dict[str, Any]:
    proof = hop.evidence[0] if hop.evidence else None
    return {
        "path": path, "hop": number, "way": hop.way.value, "time": hop.ts_ns, "point": hop.point,
        "node": _node(hop.point), "direction": hop.direction, "src": hop.src, "sport": hop.sport, "dst": hop.dst,
        "dport": hop.dport, "outer_src": hop.outer_src, "outer_dst": hop.outer_dst, "tunnel": hop.tunnel,
        "vni": hop.vni, "identity": hop.identity, "ttl": hop.ttl, "outer_ttl": hop.outer_ttl,
        "wire_len": hop.wire_len, "change": hop.change.value, "delay_ns": hop.delay_ns,
        "delay_error_ns": hop.delay_error_ns, "confidence": hop.confidence.value, "file": proof and proof.file,
        "frame": proof.frames[0] if proof and proof.frames else None,
    }  # fmt: skip


def _points(analysis: Analysis) -> pa.Table:
    rows = []
    for one in info(analysis)["points"]:
        known = {name: value for name, value in one.items() if name in POINTS.names}
        interface = one["point"].partition("/")[2] or None
        rows.append({**known, "node": _node(one["point"]), "interface": interface})
    return pa.Table.from_pylist(rows, schema=POINTS)


def _node(point: str) -> str | None:
    node, slash, _ = point.partition("/")
    return node if slash else None


# What correlation concludes, by the name of its table.
CONCLUDED: dict[str, Callable[[Analysis], pa.Table]] = {
    "requests": _requests,
    "findings": _findings,
    "paths": _paths,
    "hops": _hops,  # of ``path``
    "points": _points,
}
