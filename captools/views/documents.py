"""The JSON documents of DESIGN section 7: one function each, analysis in, dictionary out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from captools.model.analysis import Analysis
from captools.model.clocks import ClockOffset, ClockReport
from captools.model.findings import Finding
from captools.model.paths import Path
from captools.model.requests import ClientLeg, Request, TlsSession
from captools.model.sources import Source
from captools.model.units import rfc3339
from captools.views.point_facts import PointFacts, point_facts
from captools.views.routing import routing

SCHEMA = 1


def findings(analysis: Analysis) -> dict[str, Any]:
    """Return the ``findings`` document."""
    return {
        "schema": SCHEMA,
        "findings": [one.to_json() for one in analysis.findings],
        "coverage": [one.to_json() for one in analysis.coverage],
        "warnings": list(analysis.warnings),
    }


def paths(analysis: Analysis) -> dict[str, Any]:
    """Return the ``paths`` document."""
    return {"schema": SCHEMA, "paths": [one.to_json() for one in analysis.paths]}


def requests(analysis: Analysis) -> dict[str, Any]:
    """Return the ``requests`` document."""
    return {
        "schema": SCHEMA,
        "requests": [_timed(one) for one in analysis.requests],
        "tls_sessions": [_timed(one) for one in analysis.tls_sessions],
    }


def explained_requests(analysis: Analysis, wanted: Sequence[Request], found: Sequence[Finding]) -> dict[str, Any]:
    """Return the ``requests`` document of some requests and their TLS sessions, with the findings about them."""
    legs = {_ends(one.client_leg) for one in wanted if one.client_leg}
    return {
        "schema": SCHEMA,
        "requests": [_timed(one) for one in wanted],
        "tls_sessions": [_timed(one) for one in analysis.tls_sessions if _ends(one.client_leg) in legs],
        "findings": [one.to_json() for one in found],
    }


def explained_paths(wanted: Sequence[Path], found: Sequence[Finding]) -> dict[str, Any]:
    """Return the ``paths`` document of some paths, with the findings about them."""
    return {
        "schema": SCHEMA,
        "paths": [one.to_json() for one in wanted],
        "findings": [one.to_json() for one in found],
    }


def frames(items: Sequence[dict[str, Any]], found: Sequence[Finding] | None) -> dict[str, Any]:
    """Return the ``frames`` document; ``found`` is None where nobody looked for findings about them."""
    told = None if found is None else [one.to_json() for one in found]
    return {"schema": SCHEMA, "frames": list(items), "findings": told}


def _ends(leg: ClientLeg) -> tuple[str, int, str, int]:
    return leg.src, leg.sport, leg.dst, leg.dport


def routes(analysis: Analysis) -> dict[str, Any]:
    """Return the ``routes`` document: which backend served which host, path and header."""
    return {"schema": SCHEMA, "routes": [one.to_json() for one in routing(analysis)]}


def _timed(one: Request | TlsSession) -> dict[str, Any]:
    return {"time": rfc3339(one.ts_ns), **one.to_json()}


def encryption(analysis: Analysis) -> dict[str, Any]:
    """Return the ``encryption`` document."""
    return {"schema": SCHEMA, **analysis.encryption.to_json()}


def info(analysis: Analysis) -> dict[str, Any]:
    """Return the ``info`` document of an analysis."""
    clocks = ClockReport(offsets=analysis.clocks, reference=analysis.clock_reference, early=analysis.early_packets)
    return info_of(analysis.sources, point_facts([analysis.packets]), clocks, analysis.warnings)


def info_of(
    sources: Iterable[Source],
    facts: Iterable[PointFacts],
    clocks: ClockReport,
    warnings: Iterable[str],
) -> dict[str, Any]:
    """Return the ``info`` document: one entry per source and point."""
    offsets = {clock.node: clock for clock in clocks.offsets}
    counted: dict[str, list[PointFacts]] = {}
    for one in facts:
        counted.setdefault(one.source, []).append(one)
    points = []
    for source in sources:
        for held in counted.get(source.name, [PointFacts(source.name, source.point)]):
            points.append(_point(source, held, offsets.get(_clock_owner(source, held.point))))
    return {
        "schema": SCHEMA, "clock_reference": clocks.reference, "points": points,
        "early_packets": [one.to_json() for one in clocks.early], "warnings": list(warnings),
    }  # fmt: skip


def _clock_owner(source: Source, point: str) -> str:
    node, slash, _ = point.partition("/")
    return node if slash else source.name


def _point(source: Source, held: PointFacts, clock: ClockOffset | None) -> dict[str, Any]:
    return {
        "point": held.point,
        "file": source.path,
        "sha256": source.sha256,
        "packets": held.packets,
        "bytes": held.bytes,
        "first": rfc3339(held.first_ns) if held.first_ns is not None else None,
        "last": rfc3339(held.last_ns) if held.last_ns is not None else None,
        "linktype": source.linktype,
        "tool_counts": {
            "captured": source.counts.captured,
            "received": source.counts.received,
            "dropped": source.counts.dropped,
        },
        "decode_stops": dict(held.stops),
        "offset_ns": clock.offset_ns if clock else None,
        "offset_error_ns": clock.error_ns if clock else None,
        "offset_method": clock.method if clock else "",
        "offset_at": clock.at or None if clock else None,
        "drift_ppm": clock.drift_ppm if clock else None,
        "drift_error_ppm": clock.drift_error_ppm if clock else None,
        "clock_steps": [step.to_json() for step in clock.steps] if clock else [],
        "ok": source.ok,
        "error": source.error,
        "damage": source.damage,
    }
