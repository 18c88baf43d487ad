"""The packet table of an entry as SQL: a SELECT that puts the normalised Parquet files together, none of it in memory.

Column by column what captools.wire.widen does, in DuckDB's words; a test holds that both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from captools.model.narrow import LANES, MESSAGE_TABLES, SIDE_TABLES, Present
from captools.model.packets import ADDRESS, MAC, PACKETS
from captools.store.cache.entry import Entry
from captools.store.cache.files import table_file
from captools.store.sql import View, quoted
from captools.views.frame import readable
from captools.wire.decode import Naming
from captools.wire.widen import BIT_OF, points_of

_SIDE_OF = {field.name: name for name, schema in SIDE_TABLES.items() for field in schema if field.name != "row"}
_ALWAYS = ("ts_ns", "cap_len", "wire_len")
_V4 = "l.ip_version = 4"
_BUILT = {
    "point": "l.point",
    "ttl": "CASE WHEN l.ip_version IS NOT NULL THEN p.ttl END",
    "ip_len": "CASE WHEN l.ip_version IS NOT NULL THEN p.ip_len END",
    "dscp": "CASE WHEN l.ip_version IS NOT NULL THEN p.tos >> 2 END",
    "ecn": "CASE WHEN l.ip_version IS NOT NULL THEN p.tos & 3 END",
    "outer_ttl": "CASE WHEN l.outer_src IS NOT NULL THEN p.outer_ttl END",
    "dont_fragment": f"CASE WHEN {_V4} THEN p.present & {int(Present.DONT_FRAGMENT)} != 0 END",
    "frag_offset": f"coalesce(fragments.frag_offset, CASE WHEN {_V4} THEN 0::USMALLINT END)",
    "more_fragments": f"coalesce(fragments.more_fragments, CASE WHEN {_V4} THEN false END)",
}
_IN_MEMORY = {name for name, schema in SIDE_TABLES.items() if any(one.type in (ADDRESS, MAC) for one in schema)}


@dataclass(slots=True)
class _Select:
    """The SELECT of one shard, while it is put together."""

    entry: Entry
    number: int
    prefix: str  # of the names of tables in memory
    beside: dict[str, pa.Table]

    def table(self, name: str, table: pa.Table) -> str:
        """Put a table of the shard beside the files; return what SQL calls it."""
        called = f"{self.prefix}_{self.number}_{name}"
        self.beside[called] = table
        return called

    def file(self, name: str) -> str:
        """Return SQL's call for a table that stays on disk."""
        return f"read_parquet({quoted(str(table_file(self.entry.folder, self.number, name)))}, file_row_number=true)"


def relation(entry: Entry, naming: Naming, prefix: str) -> View:
    """Return the packet table of ``entry`` as SQL sees it (addresses as text, ``time`` first).

    ``prefix`` makes the names of its tables in memory unique.
    """
    beside: dict[str, pa.Table] = {}
    first, selects = 0, []
    for number, shard in enumerate(entry.meta.shards):
        if shard.rows:
            selects.append(_shard(_Select(entry, number, prefix, beside), naming, first))
        first += shard.rows
    return View(" UNION ALL ".join(selects), (entry.folder,), beside)


def _shard(select: _Select, naming: Naming, first: int) -> str:
    entry, number = select.entry, select.number
    lanes = pq.read_table(table_file(entry.folder, number, "lanes")).cast(LANES)
    told = readable(lanes).append_column("point", points_of(lanes, naming))
    told = told.append_column("lane", pa.array(np.arange(len(lanes), dtype=np.uint32)))
    source = f"{select.file('packets')} p JOIN {select.table('lanes', told)} l ON l.lane = p.lane"
    present = entry.meta.shards[number].sides
    for name in SIDE_TABLES:
        if name in MESSAGE_TABLES or not present.get(name):
            continue
        if name in _IN_MEMORY:
            table = readable(pq.read_table(table_file(entry.folder, number, name)).cast(SIDE_TABLES[name]))
            side = select.table(name, table)
        else:
            side = select.file(name)
        source += f" LEFT JOIN {side} {name} ON {name}.row = p.file_row_number"
    columns = ["make_timestamp_ns(p.ts_ns) AS time"]
    columns += [f"{_column(field, naming, first, present)} AS {field.name}" for field in PACKETS]
    return f"SELECT {', '.join(columns)} FROM {source}"


def _column(field: pa.Field, naming: Naming, first: int, present: dict[str, int]) -> str:
    name = field.name
    if name == "source":
        return quoted(naming.source)
    if name == "frame":
        return f"p.file_row_number + {first + 1}"
    if name in ("frag_offset", "more_fragments") and not present.get("fragments"):
        return _BUILT[name].partition(", ")[2][:-1]
    if name in _BUILT:
        return _BUILT[name]
    if name in LANES.names:
        return f"l.{name}"
    if name in _SIDE_OF:
        side = _SIDE_OF[name]
        return f"{side}.{name}" if present.get(side) else f"NULL::{_sql_type(field.type)}"
    if name in _ALWAYS:
        return f"p.{name}"
    return f"CASE WHEN p.present & {int(BIT_OF[name])} != 0 THEN p.{name} END"


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return "UINTEGER[]"
    if pa.types.is_boolean(kind):
        return "BOOLEAN"
    if kind in (ADDRESS, MAC) or pa.types.is_dictionary(kind):
        return "VARCHAR"
    return {8: "UTINYINT", 16: "USMALLINT", 32: "UINTEGER", 64: "UBIGINT"}[kind.bit_width]
