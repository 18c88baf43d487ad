"""What each point of each source holds: counted over the packet table, piece by piece."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(slots=True)
class PointFacts:
    """The packets of one point in one source. Times are nanoseconds; ``stops`` counts why decoding stopped."""

    source: str
    point: str
    packets: int = 0
    bytes: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    stops: Counter[str] = field(default_factory=Counter)


def point_facts(tables: Iterable[pa.Table]) -> list[PointFacts]:
    """Return the facts of every point that has packets in ``tables`` (schema PACKETS), by source and point."""
    found: dict[tuple[str, str], PointFacts] = {}
    for table in tables:
        keys = [table[name].cast(pa.string()) for name in ("source", "point", "decode_stop")]
        some = pa.table([*keys, table["cap_len"], table["ts_ns"]], names=["source", "point", "stop", "bytes", "ts"])
        counted = some.group_by(["source", "point", "stop"]).aggregate(
            [("bytes", "sum"), ("ts", "count"), ("ts", "min"), ("ts", "max")]
        )
        for row in counted.to_pylist():
            one = found.setdefault((row["source"], row["point"]), PointFacts(row["source"], row["point"]))
            one.packets += row["ts_count"]
            one.bytes += row["bytes_sum"] or 0  # printed text tells no captured bytes
            one.first_ns = row["ts_min"] if one.first_ns is None else min(one.first_ns, row["ts_min"])
            one.last_ns = row["ts_max"] if one.last_ns is None else max(one.last_ns, row["ts_max"])
            if row["stop"] is not None:
                one.stops[row["stop"]] += row["ts_count"]
    return [found[key] for key in sorted(found)]
