"""The JSON documents of DESIGN section 7: one function each, analysis in, dictionary out."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from captools.model.analysis import Analysis
from captools.model.units import rfc3339

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
    """Return the ``info`` document: one entry per point and file."""
    clocks = {clock.node: clock for clock in analysis.clocks}
    points = []
    for source in analysis.sources:
        mine = analysis.packets.filter(pc.equal(pc.cast(analysis.packets["source"], pa.string()), source.name))
        for point in sorted(set(mine["point"].to_pylist())) or [source.point]:
            rows = mine.filter(pc.equal(pc.cast(mine["point"], pa.string()), point))
            clock = clocks.get(point.partition("/")[0])
            points.append(
                {
                    "point": point,
                    "file": source.path,
                    "sha256": source.sha256,
                    "packets": len(rows),
                    "bytes": int(pc.sum(rows["cap_len"]).as_py() or 0),
                    "first": rfc3339(pc.min(rows["ts_ns"]).as_py()) if len(rows) else None,
                    "last": rfc3339(pc.max(rows["ts_ns"]).as_py()) if len(rows) else None,
                    "linktype": source.linktype,
                    "tool_counts": {
                        "captured": source.counts.captured,
                        "received": source.counts.received,
                        "dropped": source.counts.dropped,
                    },
                    "decode_stops": _stops(rows),
                    "offset_ns": clock.offset_ns if clock else None,
                    "offset_error_ns": clock.error_ns if clock else None,
                    "offset_method": clock.method if clock else "",
                    "ok": source.ok,
                    "error": source.error,
                    "damage": source.damage,
                }
            )
    return {"schema": SCHEMA, "clock_reference": analysis.clock_reference, "points": points,
            "warnings": list(analysis.warnings)}  # fmt: skip


def _stops(rows: pa.Table) -> dict[str, int]:
    counted = pc.value_counts(pc.cast(rows["decode_stop"], pa.string()).combine_chunks())
    return {one["values"]: one["counts"] for one in counted.to_pylist() if one["values"] is not None}
