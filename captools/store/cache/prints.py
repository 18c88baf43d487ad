"""Read an entry for the join of many captures: its lanes as arrays, its packets as prints, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from captools.model.narrow import LANES, SIDE_TABLES
from captools.store.cache.entry import Entry
from captools.store.cache.files import LANE_ROWS, table_file
from captools.store.memory import give_back
from captools.wire.bytesview import Ints
from captools.wire.lane_keys import KEPT, Gathered, LaneColumns
from captools.wire.prints import COLUMNS, SIDES, LanePrints, Prints, beside, prints

_AT_ONCE = 1 << 14  # packets whose prints are made together: more leave the cache


@dataclass(frozen=True, slots=True)
class EntryLanes:
    """The lanes of an entry; ``numbers`` says, shard by shard, which of ``lanes`` each of the shard's lanes is."""

    lanes: LaneColumns
    numbers: tuple[npt.NDArray[np.uint32], ...]


def room_for(entries: Iterable[Entry]) -> Gathered:
    """Return room for the lanes of ``entries``."""
    return Gathered(sum(shard.lanes for entry in entries for shard in entry.meta.shards))


def entry_lanes(entry: Entry, into: Gathered | None = None) -> EntryLanes:
    """Return the lanes of ``entry``, held by ``into`` where several entries are put side by side."""
    into = room_for([entry]) if into is None else into
    ends = [0]
    for number, shard in enumerate(entry.meta.shards):
        size = 0
        for lanes, flows in _lanes(entry, number) if shard.rows else ():
            into.add(lanes, flows)
            size += len(lanes)
        ends.append(ends[-1] + size)
    lanes, numbers = into.close_file()
    give_back()
    return EntryLanes(lanes, tuple(numbers[first:end] for first, end in pairwise(ends)))


def _lanes(entry: Entry, shard: int) -> Iterator[tuple[pa.Table, pa.Table]]:
    lanes, flows = (pq.ParquetFile(table_file(entry.folder, shard, name)) for name in ("lanes", "flows"))
    batches = lanes.iter_batches(LANE_ROWS), flows.iter_batches(LANE_ROWS, columns=list(KEPT))
    for some, theirs in zip(*batches, strict=True):
        yield pa.Table.from_batches([some]).cast(LANES), pa.Table.from_batches([theirs])


def printed(entry: Entry, lanes: EntryLanes) -> Iterator[tuple[Ints, Prints, npt.NDArray[np.uint32]]]:
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
            whole: dict[str, npt.NDArray[Any]] = {name: packets[name].to_numpy() for name in packets.column_names}
            for at in range(0, len(packets), _AT_ONCE):
                columns = {name: column[at : at + _AT_ONCE] for name, column in whole.items()}
                count = len(columns["ts_ns"])
                more = beside(count, [(side.name, side.rows(first, first + count)) for side in sides])
                yield columns["ts_ns"], prints(columns, told, more), own[columns["lane"]]
                first += count


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
