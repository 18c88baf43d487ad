"""Which tunnels were seen: between whom, with which VNI, whose identity that is, how much."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from captools.model.addresses import to_text
from captools.model.analysis import Analysis


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelRow:
    """One direction of one tunnel. ``sightings`` counts rows: a packet seen at two points counts twice."""

    kind: str
    src: str
    dst: str
    src_name: str
    dst_name: str
    vni: int | None
    identity: str
    sightings: int
    largest: int


def tunnel_rows(analysis: Analysis) -> tuple[TunnelRow, ...]:
    """Return the tunnels, the busiest first."""
    table = analysis.packets
    if not table.num_rows:
        return ()
    outer = table.select(["tunnel", "outer_src", "outer_dst", "vni", "wire_len"])
    outer = outer.set_column(0, "kind", table["tunnel"].cast(pa.string()))
    outer = outer.filter(~pc.field("kind").isin(["none", None]))
    grouped = outer.group_by(["kind", "outer_src", "outer_dst", "vni"]).aggregate(
        [("wire_len", "count"), ("wire_len", "max")]
    )
    name = analysis.cluster.name
    rows = [
        TunnelRow(
            kind=row["kind"], src=(src := to_text(row["outer_src"])), dst=(dst := to_text(row["outer_dst"])),
            src_name=name(src), dst_name=name(dst), vni=row["vni"],
            identity=analysis.cluster.identity_name(row["vni"]), sightings=row["wire_len_count"],
            largest=row["wire_len_max"] or 0,
        )
        for row in grouped.to_pylist()
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (-row.sightings, row.src, row.dst, row.vni or 0)))
