"""Read an entry: any rows of the packet table, without the rest of the file in memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from captools.model.narrow import FLOWS, LANES, MESSAGE_TABLES, NARROW, SIDE_TABLES, Narrow
from captools.model.packets import PACKETS
from captools.store.cache.files import LANE_ROWS, table_file
from captools.store.cache.meta import Shard, meta_from_text
from captools.store.cache.place import META
from captools.wire.decode import Naming
from captools.wire.shards import COLUMNS
from captools.wire.widen import widen

_FRAME = PACKETS.get_field_index("frame")


class Entry:
    """One cached capture file. Whatever is wrong with its files shows as ValueError, KeyError or OSError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.meta = meta_from_text((folder / META).read_text("utf-8"))
        self._shards = [_ShardReader(folder, number, shard) for number, shard in enumerate(self.meta.shards)]
        self._starts = [0, *accumulate(shard.rows for shard in self.meta.shards)]

    def __len__(self) -> int:
        return self.meta.packets

    def table(self, naming: Naming, first: int = 0, count: int | None = None) -> pa.Table:
        """Return rows ``first`` to ``first + count`` (default: to the end) as the packet table."""
        return pa.concat_tables([PACKETS.empty_table(), *self._pieces(naming, first, count)]).unify_dictionaries()

    def messages(self) -> list[Narrow]:
        """Return what captools.wire.heads needs of the shards: few columns of the packets, lanes, flows, messages."""
        return [shard.messages() for shard in self._shards if shard.rows]

    def _pieces(self, naming: Naming, first: int, count: int | None) -> Iterator[pa.Table]:
        end = len(self) if count is None else min(first + count, len(self))
        for narrow, start in self.narrow(first, end):
            piece = widen(narrow, naming)
            yield piece.set_column(_FRAME, "frame", pa.array(np.arange(start + 1, start + 1 + len(piece))))

    def narrow(self, first: int, end: int) -> Iterator[tuple[Narrow, int]]:
        """Yield the normalised tables of rows ``first`` to ``end``, with the number of their first row."""
        while first < end:
            number = bisect_right(self._starts, first) - 1
            start = self._starts[number]
            narrow = self._shards[number].narrow(first - start, end - start)
            yield narrow, first
            first += len(narrow)


class _ShardReader:
    """One shard; rows count from 0 within it."""

    def __init__(self, folder: Path, number: int, shard: Shard) -> None:
        self._folder, self._number, self._shard = folder, number, shard
        self._files: dict[str, pq.ParquetFile] = {}
        self._starts: list[int] = []
        self._lane_groups: dict[int, pa.Table] = {}
        if shard.rows:  # a damaged file is found now rather than in the middle of a page
            for name in ("packets", "lanes"):
                self._file(name)

    @property
    def rows(self) -> int:
        """How many packets it holds."""
        return self._shard.rows

    def messages(self) -> Narrow:
        """Return the shard whole, as far as messages are concerned."""
        sides = {name: self._file(name).read().cast(schema) if self._shard.sides.get(name) else schema.empty_table()
                 for name, schema in MESSAGE_TABLES.items()}  # fmt: skip
        return Narrow(
            packets=self._file("packets").read(columns=list(COLUMNS)),
            lanes=self._file("lanes").read().cast(LANES),
            sides=sides,
            flows=self._file("flows").read().cast(FLOWS),
        )

    def _file(self, name: str) -> pq.ParquetFile:
        if name not in self._files:
            self._files[name] = pq.ParquetFile(table_file(self._folder, self._number, name))
        return self._files[name]

    def narrow(self, first: int, end: int) -> Narrow:
        """Return the rows from ``first`` on, to the end of their row group or ``end``."""
        file = self._file("packets")
        if not self._starts:
            sizes = (file.metadata.row_group(one).num_rows for one in range(file.num_row_groups))
            self._starts = [0, *accumulate(sizes)]
        group = bisect_right(self._starts, first) - 1
        start = self._starts[group]
        end = min(end, self._starts[group + 1])
        packets = file.read_row_group(group).slice(first - start, end - first).cast(NARROW)
        lanes, codes = self._lanes(packets["lane"].to_numpy())
        packets = packets.set_column(NARROW.get_field_index("lane"), NARROW.field("lane"), pa.array(codes, pa.uint32()))
        sides = {name: self._side(name, first, end) for name in SIDE_TABLES if name not in MESSAGE_TABLES}
        return Narrow(packets=packets, lanes=lanes, sides=sides)

    def _lanes(self, numbers: np.ndarray) -> tuple[pa.Table, np.ndarray]:
        """Return the lanes that ``numbers`` name, and for each number its row among them."""
        # Arrow and a count instead of numpy.unique, which imports masked arrays first: a tenth of a page's time.
        found = pa.array(numbers).dictionary_encode()
        wanted, codes = found.dictionary.to_numpy(), found.indices.to_numpy()
        groups = np.flatnonzero(np.bincount(wanted // LANE_ROWS)).tolist()
        for group in groups:
            if group not in self._lane_groups:
                self._lane_groups[group] = self._file("lanes").read_row_group(group).cast(LANES)
        some = pa.concat_tables([LANES.empty_table(), *(self._lane_groups[group] for group in groups)])
        place = np.searchsorted(np.array(groups, np.int64), wanted // LANE_ROWS) * LANE_ROWS + wanted % LANE_ROWS
        return some.unify_dictionaries().combine_chunks().take(pa.array(place)), codes

    def _side(self, name: str, first: int, end: int) -> pa.Table:
        """Return the rows of a side table that speak of packets ``first`` to ``end``, counted from ``first``."""
        schema = SIDE_TABLES[name]
        if not self._shard.sides.get(name):
            return schema.empty_table()
        file = self._file(name)
        groups = []
        for group in range(file.num_row_groups):
            known = file.metadata.row_group(group).column(0).statistics
            if known.min < end and known.max >= first:
                groups.append(group)
        rows = file.read_row_groups(groups).cast(schema) if groups else schema.empty_table()
        place = rows["row"].to_numpy()
        low, high = np.searchsorted(place, (first, end)).tolist()
        rows = rows.slice(low, high - low)
        return rows.set_column(0, schema.field(0), pc.subtract(rows["row"], first))
