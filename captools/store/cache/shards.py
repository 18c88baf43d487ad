"""Write one shard: the tables of a byte range, part by part, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from captools.model.narrow import FLOWS, LANES, NARROW, SIDE_TABLES
from captools.store.cache.files import LANE_ROWS, ROWS, table_file
from captools.store.cache.meta import Shard
from captools.wire.assemble import counted_from, lane_table, packet_table, side_table
from captools.wire.kernels import buffers
from captools.wire.kernels.session import Common, Part
from captools.wire.scanned import flow_table
from captools.wire.settle import Ports, decide, split

# Hashes do not compress, time and place rise evenly.
_PLAIN = ("payload_hash", "payload_head")
_RISING = ("ts_ns", "offset")
_PACKED = "lz4"  # a third larger than zstd's first level, and the whole road is a third faster


class ShardWriter:
    """Takes the parts of one byte range in order; OSError where the disk is full."""

    def __init__(self, folder: Path, shard: int) -> None:
        self._folder, self._shard = folder, shard
        self._packets: pq.ParquetWriter | None = None
        self._sides: dict[str, pq.ParquetWriter] = {}
        self._counts: dict[str, int] = {}
        self._undecided: list[Any] = []  # messages that may be WireGuard: a handshake elsewhere in the file tells
        self.wireguard_ports: list[Ports] = []  # that handshakes in this range prove
        self._lanes = 0
        self.rows = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None

    def add(self, part: Part) -> None:
        """Write the rows of one part; its memory may be used again afterwards."""
        if self._packets is None:
            self._packets = _packet_writer(table_file(self._folder, self._shard, "packets"))
        self._packets.write_table(packet_table(part.packets), row_group_size=ROWS)
        for name, side in zip(buffers.SIDE_ROWS, part.sides, strict=True):
            if len(side):
                rows = counted_from(side, self.rows)
                self._side(name, side_table(name, self._settled(rows) if name == "wireguard" else rows))
        first, last = int(part.packets.ts_ns.min()), int(part.packets.ts_ns.max())
        self.first_ns = first if self.first_ns is None else min(first, self.first_ns)
        self.last_ns = last if self.last_ns is None else max(last, self.last_ns)
        self.rows += len(part.packets.lane)

    def _side(self, name: str, rows: pa.Table) -> None:
        if not len(rows):
            return
        if name not in self._sides:
            where = table_file(self._folder, self._shard, name)
            self._sides[name] = pq.ParquetWriter(
                where, SIDE_TABLES[name], compression=_PACKED, use_dictionary=False,
                write_statistics=["row"],  # tells which groups speak of a page
            )  # fmt: skip
        self._sides[name].write_table(rows)
        self._counts[name] = self._counts.get(name, 0) + len(rows)

    def _settled(self, messages: Any) -> Any:
        found = split(messages)
        self.wireguard_ports.append(found.ports)
        if len(found.undecided):
            self._undecided.append(found.undecided)
        return found.settled

    def end(self, common: Common, linktypes: Sequence[int]) -> None:
        """Write lanes and flows, once all parts are there; ``linktypes`` are those of the file's interfaces."""
        records, flows = common.lane_records(), common.flow_records()
        self._lanes = len(records)
        self._whole(
            "lanes", LANES, (lane_table(records[at : at + ROWS], linktypes) for at in range(0, len(records), ROWS))
        )
        self._whole("flows", FLOWS, (flow_table(flows[at : at + ROWS]) for at in range(0, len(flows), ROWS)))
        for writer in (self._packets, *self._sides.values()):
            if writer is not None:
                writer.close()

    def close(self, wireguard_ports: Ports) -> Shard:
        """Finish the shard with what only the whole file tells: the ports of WireGuard that any range proved."""
        self._add_late(wireguard_ports)
        return Shard(rows=self.rows, lanes=self._lanes, sides=dict(self._counts))

    def _whole(self, name: str, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
        """Write a table whose pieces are made one by one: all at once they would take more memory than the decode."""
        where = table_file(self._folder, self._shard, name)
        words = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        with pq.ParquetWriter(where, schema, compression=_PACKED, use_dictionary=words,
                              write_statistics=False) as writer:  # fmt: skip
            for table in tables:
                writer.write_table(table, row_group_size=LANE_ROWS)

    def _add_late(self, ports: Ports) -> None:
        """Put the messages that only the whole file could decide among the others, in order of their rows."""
        late = decide(np.concatenate(self._undecided), ports) if self._undecided else ()
        if not len(late):
            return
        where, schema = table_file(self._folder, self._shard, "wireguard"), SIDE_TABLES["wireguard"]
        early = pq.read_table(where).cast(schema) if where.exists() else schema.empty_table()
        whole = pa.concat_tables([early, side_table("wireguard", late)]).sort_by("row")
        pq.write_table(whole, where, row_group_size=ROWS, compression=_PACKED)
        self._counts["wireguard"] = len(whole)


def _packet_writer(path: Path) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        path,
        NARROW,
        compression={name: "none" if name in _PLAIN else _PACKED for name in NARROW.names},
        use_dictionary=False,
        column_encoding=dict.fromkeys(_RISING, "DELTA_BINARY_PACKED"),
        write_statistics=False,
    )
