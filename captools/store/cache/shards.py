"""Write one shard: the tables of a byte range, part by part, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from captools.model.narrow import FLOWS, LANES, NARROW, SIDE_TABLES
from captools.store.cache.files import LANE_ROWS, ROWS, table_file, table_writer
from captools.store.cache.meta import Shard
from captools.wire.assemble import lane_table, packet_table, side_table
from captools.wire.kernels import buffers
from captools.wire.kernels.session import Common, Part
from captools.wire.scanned import flow_table
from captools.wire.settle import Ports, decide, split

_SIDE_ROWS = 1 << 15  # of a side table are written together: each write costs as much as a thousand rows


def _required(schema: pa.Schema) -> pa.Schema:
    """Return ``schema`` without nulls: nothing is written, or read, about which values are there."""
    return pa.schema([field.with_nullable(False) for field in schema])


_PACKETS, _FLOWS = _required(NARROW), _required(FLOWS)


class ShardWriter:
    """Takes the parts of one byte range in order; OSError where the disk is full."""

    def __init__(self, folder: Path, shard: int) -> None:
        self._folder, self._shard = folder, shard
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[pa.Table]] = {}  # rows of side tables that are still too few to write
        self._counts: dict[str, int] = {}
        self._undecided: list[Any] = []  # messages that may be WireGuard: a handshake elsewhere in the file tells
        self.wireguard_ports: list[Ports] = []  # that handshakes in this range prove
        self._lanes = 0
        self.rows = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None

    def add(self, part: Part) -> None:
        """Write the rows of one part; its memory may be used again afterwards.

        The rows of its side tables count within the part before, within the shard afterwards.
        """
        if "packets" not in self._writers:
            self._writers["packets"] = table_writer(table_file(self._folder, self._shard, "packets"), _PACKETS)
        table = pa.table(packet_table(part.packets).columns, schema=_PACKETS)
        self._writers["packets"].write_table(table, row_group_size=ROWS)
        for name, side in zip(buffers.SIDE_ROWS, part.sides, strict=True):
            if len(side):
                side["row"] += self.rows
                self._side(name, side_table(name, self._settled(side) if name == "wireguard" else side))
        first, last = int(part.packets.ts_ns.min()), int(part.packets.ts_ns.max())
        self.first_ns = first if self.first_ns is None else min(first, self.first_ns)
        self.last_ns = last if self.last_ns is None else max(last, self.last_ns)
        self.rows += len(part.packets.lane)

    def _side(self, name: str, rows: pa.Table) -> None:
        if not len(rows):
            return
        waiting = self._waiting.setdefault(name, [])
        waiting.append(rows)
        self._counts[name] = self._counts.get(name, 0) + len(rows)
        if sum(map(len, waiting)) >= _SIDE_ROWS:
            self._write_side(name)

    def _write_side(self, name: str) -> None:
        if name not in self._writers:
            where = table_file(self._folder, self._shard, name)
            # Tells which groups speak of a page.
            self._writers[name] = table_writer(where, SIDE_TABLES[name], statistics=["row"])
        self._writers[name].write_table(pa.concat_tables(self._waiting.pop(name)))

    def _settled(self, messages: Any) -> Any:
        found = split(messages)
        self.wireguard_ports.append(found.ports)
        if len(found.undecided):
            self._undecided.append(found.undecided)
        return found.settled

    def end(self, common: Common, linktypes: Sequence[int]) -> None:
        """Write lanes and flows, once all parts are there; ``linktypes`` are those of the file's interfaces."""
        for name in list(self._waiting):
            self._write_side(name)
        for writer in self._writers.values():
            writer.close()
        records, flows = common.lane_records(), common.flow_records()
        self._lanes = len(records)
        places = range(0, len(records), LANE_ROWS)
        self._whole("lanes", LANES, (lane_table(records[at : at + LANE_ROWS], linktypes) for at in places))
        self._whole("flows", _FLOWS, (flow_table(flows[at : at + ROWS]) for at in range(0, len(flows), ROWS)))

    def close(self, wireguard_ports: Ports) -> Shard:
        """Finish the shard with what only the whole file tells: the ports of WireGuard that any range proved."""
        self._add_late(wireguard_ports)
        return Shard(rows=self.rows, lanes=self._lanes, sides=dict(self._counts))

    def _whole(self, name: str, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
        """Write a table whose row groups are made one by one: all at once they would take more memory than the decode."""
        with table_writer(table_file(self._folder, self._shard, name), schema) as writer:
            for table in tables:
                writer.write_table(pa.table(table.columns, schema=schema))

    def _add_late(self, ports: Ports) -> None:
        """Put the messages that only the whole file could decide among the others, in order of their rows."""
        late = decide(np.concatenate(self._undecided), ports) if self._undecided else ()
        if not len(late):
            return
        where, schema = table_file(self._folder, self._shard, "wireguard"), SIDE_TABLES["wireguard"]
        early = pq.read_table(where).cast(schema) if where.exists() else schema.empty_table()
        whole = pa.concat_tables([early, side_table("wireguard", late)]).sort_by("row")
        with table_writer(where, schema, statistics=["row"]) as writer:
            writer.write_table(whole, row_group_size=ROWS)
        self._counts["wireguard"] = len(whole)
