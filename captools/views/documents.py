"""The JSON documents of DESIGN section 7: one function each, analysis in, dictionary out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from captools.model.analysis import Analysis, ClockOffset
from captools.model.sources import Source
from captools.model.units import rfc3339
from captools.views.point_facts import PointFacts, point_facts

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
    return {"schema": SCHEMA, "requests": [_request(one) for one in analysis.requests]}


def _request(one: Any) -> dict[str, Any]:
    return {"time": rfc3339(one.ts_ns), **one.to_json()}


def encryption(analysis: Analysis) -> dict[str, Any]:
    """Return the ``encryption`` document."""
    return {"schema": SCHEMA, **analysis.encryption.to_json()}


def info(analysis: Analysis) -> dict[str, Any]:
    """Return the ``info`` document of an analysis."""
    return info_of(
        analysis.sources, point_facts([analysis.packets]), analysis.clocks, analysis.clock_reference, analysis.warnings
    )


def info_of(
    sources: Iterable[Source],
    facts: Iterable[PointFacts],
    clocks: Iterable[ClockOffset],
    reference: str,
    warnings: Iterable[str],
) -> dict[str, Any]:
    """Return the ``info`` document: one entry per source and point; ``clocks`` are those that could be measured."""
    offsets = {clock.node: clock for clock in clocks}
    counted: dict[str, list[PointFacts]] = {}
    for one in facts:
        counted.setdefault(one.source, []).append(one)
    points = []
    for source in sources:
        for held in counted.get(source.name, [PointFacts(source.name, source.point)]):
            points.append(_point(source, held, offsets.get(held.point.partition("/")[0])))
    return {"schema": SCHEMA, "clock_reference": reference, "points": points, "warnings": list(warnings)}


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
        "ok": source.ok,
        "error": source.error,
        "damage": source.damage,
    }
