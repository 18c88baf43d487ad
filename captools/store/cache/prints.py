"""Read an entry for the join of many captures: its lanes as arrays, its packets as prints, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from captools.model.narrow import FLOWS, LANES, SIDE_TABLES
from captools.store.cache.entry import Entry
from captools.store.cache.files import LANE_ROWS, table_file
from captools.wire.bytesview import Ints
from captools.wire.lane_keys import LaneColumns, joined, lane_columns
from captools.wire.prints import COLUMNS, SIDES, LanePrints, Prints, beside, prints


@dataclass(frozen=True, slots=True)
class EntryLanes:
    """The lanes of an entry; ``numbers`` says, shard by shard, which of ``lanes`` each of the shard's lanes is."""

    lanes: LaneColumns
    numbers: tuple[Ints, ...]


def entry_lanes(entry: Entry) -> EntryLanes:
    """Return the lanes of ``entry``."""
    parts: list[LaneColumns] = []
    ends = [0]
    for number, shard in enumerate(entry.meta.shards):
        if shard.rows:
            parts += _lanes(entry, number)
        ends.append(sum(map(len, parts)))
    lanes, numbers = joined(parts)
    return EntryLanes(lanes, tuple(numbers[first:end] for first, end in zip(ends, ends[1:], strict=False)))


def _lanes(entry: Entry, shard: int) -> Iterator[LaneColumns]:
    files = [pq.ParquetFile(table_file(entry.folder, shard, name)) for name in ("lanes", "flows")]
    batches = (file.iter_batches(LANE_ROWS) for file in files)
    for lanes, flows in zip(*batches, strict=True):
        yield lane_columns(pa.Table.from_batches([lanes]).cast(LANES), pa.Table.from_batches([flows]).cast(FLOWS))


def printed(entry: Entry, lanes: EntryLanes) -> Iterator[tuple[Ints, Prints, Ints]]:
    """Yield times, prints and lanes (numbers of ``lanes``) of the packets of ``entry``, in file order."""
    for number, shard in enumerate(entry.meta.shards):
        if not shard.rows:
            continue
        own = lanes.numbers[number]
        told = LanePrints(lanes.lanes.hash[own], lanes.lanes.proto[own])
        sides = [_Side(entry, number, name) for name in SIDES if shard.sides.get(name)]
        file = pq.ParquetFile(table_file(entry.folder, number, "packets"))
        first = 0
        for group in range(file.num_row_groups):
            packets = file.read_row_group(group, columns=["ts_ns", *COLUMNS], use_threads=False)
            columns: dict[str, npt.NDArray[Any]] = {name: packets[name].to_numpy() for name in packets.column_names}
            end = first + len(packets)
            more = beside(len(packets), [(side.name, side.rows(first, end)) for side in sides])
            yield columns["ts_ns"], prints(columns, told, more), own[columns["lane"]]
            first = end


class _Side:
    """A side table of a shard, read once from its beginning to its end."""

    def __init__(self, entry: Entry, shard: int, name: str) -> None:
        self.name = name
        self._columns = ["row", *SIDES[name]]
        file = pq.ParquetFile(table_file(entry.folder, shard, name))
        self._batches = file.iter_batches(columns=self._columns, use_threads=False)
        self._held = pa.table({one: pa.array([], SIDE_TABLES[name].field(one).type) for one in self._columns})

    def rows(self, first: int, end: int) -> pa.Table:
        """Return the rows of packets ``first`` to ``end``, counted from ``first``; what is before is forgotten."""
        while not len(self._held) or self._held["row"][-1].as_py() < end:
            batch = next(self._batches, None)
            if batch is None:
                break
            self._held = pa.concat_tables([self._held, pa.Table.from_batches([batch])])
        place = self._held["row"].to_numpy()
        low, high = np.searchsorted(place, (first, end)).tolist()
        found = self._held.slice(low, high - low)
        self._held = self._held.slice(high)
        return found.set_column(0, "row", pc.subtract(found["row"], first))
