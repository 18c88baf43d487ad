"""Some packets of an entry: the first ones of some lanes, and those that side tables name. Read group by group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from captools.model.narrow import FLOWS, LANES, MESSAGE_TABLES, NARROW, SIDE_TABLES, Narrow
from captools.model.packets import PACKETS
from captools.store.cache.entry import Entry
from captools.store.cache.files import table_file
from captools.store.cache.prints import EntryLanes
from captools.wire.bytesview import Ints
from captools.wire.decode import Naming
from captools.wire.widen import widen

_HANDSHAKES = 3  # WireGuard message types 1 to 3


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some packets of an entry as normalised tables, one per shard; rows and lanes count among them.

    ``frames`` says of each packet, over all shards, which one of the file it is.
    """

    shards: tuple[Narrow, ...]
    frames: Ints

    def __len__(self) -> int:
        return len(self.frames)

    def table(self, naming: Naming) -> pa.Table:
        """Return them as the packet table."""
        pieces = [PACKETS.empty_table(), *(widen(one, naming) for one in self.shards)]
        found = pa.concat_tables(pieces).unify_dictionaries()
        return found.set_column(PACKETS.get_field_index("frame"), PACKETS.field("frame"), pa.array(self.frames))


def choose_packets(entry: Entry, lanes: EntryLanes, take: Ints, until_ns: Ints) -> Chosen:
    """Return the first ``take`` packets of each of ``lanes`` up to ``until_ns`` (both have an entry per lane), and
    wherever they are ICMP errors and WireGuard handshakes: they tell of trouble, and of keys.
    """
    left = take.copy()
    shards: list[Narrow] = []
    frames = [np.empty(0, np.int64)]
    first = 0
    for number, shard in enumerate(entry.meta.shards):
        if shard.rows:
            rows = _rows(entry, number, lanes.numbers[number], left, until_ns)
            if len(rows):
                shards.append(_shard(entry, number, rows))
                frames.append(first + rows + 1)
        first += shard.rows
    return Chosen(tuple(shards), np.concatenate(frames))


def _rows(entry: Entry, shard: int, own: npt.NDArray[np.uint32], left: Ints, until_ns: Ints) -> Ints:
    """Return the wanted rows of a shard; what is taken of a lane is taken from ``left``."""
    wanted = [_telling(entry, shard)]
    file = pq.ParquetFile(table_file(entry.folder, shard, "packets"))
    first = 0
    for group in range(file.num_row_groups):
        packets = file.read_row_group(group, columns=["ts_ns", "lane"], use_threads=False)
        lane = own[packets["lane"].to_numpy()]
        some = np.flatnonzero((left[lane] > 0) & (packets["ts_ns"].to_numpy() <= until_ns[lane]))
        some = some[_rank(lane[some]) < left[lane[some]]]
        np.subtract.at(left, lane[some], 1)
        wanted.append(first + some)
        first += len(lane)
    return np.unique(np.concatenate(wanted))


def _rank(values: Ints) -> Ints:
    """Return how often each value came before, place by place."""
    order = np.argsort(values, kind="stable")
    sorted_ = values[order]
    starts = np.flatnonzero(np.r_[True, sorted_[1:] != sorted_[:-1]])[: len(values)]
    rank = np.empty(len(values), np.int64)
    rank[order] = np.arange(len(values)) - np.repeat(starts, np.diff(np.r_[starts, len(values)]))
    return rank


def _telling(entry: Entry, shard: int) -> Ints:
    """Return the rows of ICMP errors and of WireGuard handshakes."""
    present = entry.meta.shards[shard].sides
    found = [np.empty(0, np.int64)]
    if present.get("quoted"):
        found.append(_column(entry, shard, "quoted", "row"))
    if present.get("wireguard"):
        kind = _column(entry, shard, "wireguard", "wg_type")
        found.append(_column(entry, shard, "wireguard", "row")[kind <= _HANDSHAKES])
    return np.concatenate(found)


def _column(entry: Entry, shard: int, name: str, column: str) -> Ints:
    table = pq.read_table(table_file(entry.folder, shard, name), columns=[column], use_threads=False)
    found: Ints = pc.fill_null(table[column], 0).to_numpy().astype(np.int64)
    return found


def _shard(entry: Entry, shard: int, rows: Ints) -> Narrow:
    packets = _taken(entry, shard, "packets", rows).cast(NARROW)
    wanted, codes = np.unique(packets["lane"].to_numpy(), return_inverse=True)
    packets = packets.set_column(NARROW.get_field_index("lane"), NARROW.field("lane"), pa.array(codes, pa.uint32()))
    lanes = _taken(entry, shard, "lanes", wanted).cast(LANES).unify_dictionaries().combine_chunks()
    flows = _flows(_taken(entry, shard, "flows", wanted).cast(FLOWS), np.bincount(codes, minlength=len(wanted)))
    narrow = Narrow(packets=packets, lanes=lanes, sides={}, flows=flows)
    return replace(narrow, sides={name: _side(entry, shard, name, rows, wanted) for name in SIDE_TABLES})


def _flows(flows: pa.Table, taken: Ints) -> pa.Table:
    """Mark flows of which not all packets were taken: what a scan of the whole flow proved does not hold for them."""
    whole = flows["packets"].to_numpy() == taken
    for name in ("odd", "odd_tls"):
        doubt = pc.or_(flows[name], pa.array(~whole))
        flows = flows.set_column(FLOWS.get_field_index(name), FLOWS.field(name), doubt)
    return flows


def _taken(entry: Entry, shard: int, name: str, rows: Ints) -> pa.Table:
    """Return some rows (ascending) of a table."""
    file = pq.ParquetFile(table_file(entry.folder, shard, name))
    found, first = [file.schema_arrow.empty_table()], 0
    for group in range(file.num_row_groups):
        size = file.metadata.row_group(group).num_rows
        low, high = np.searchsorted(rows, (first, first + size)).tolist()
        if high > low:
            found.append(file.read_row_group(group, use_threads=False).take(pa.array(rows[low:high] - first)))
        first += size
    return pa.concat_tables(found)


def _side(entry: Entry, shard: int, name: str, rows: Ints, lanes: Ints) -> pa.Table:
    """Return the rows of a side table that speak of packets in ``rows``, with rows and lanes numbered among those."""
    schema = SIDE_TABLES[name]
    found = [schema.empty_table()]
    if entry.meta.shards[shard].sides.get(name):
        found += _side_groups(pq.ParquetFile(table_file(entry.folder, shard, name)), rows)
    side = pa.concat_tables([one.cast(schema) for one in found]).unify_dictionaries().combine_chunks()
    side = side.set_column(0, schema.field(0), pa.array(np.searchsorted(rows, side["row"].to_numpy())))
    if name in MESSAGE_TABLES:
        codes = np.searchsorted(lanes, side["lane"].to_numpy()).astype(np.uint32)
        side = side.set_column(schema.get_field_index("lane"), schema.field("lane"), pa.array(codes))
    return side


def _side_groups(file: pq.ParquetFile, rows: Ints) -> Iterator[pa.Table]:
    for group in range(file.num_row_groups):
        row = file.read_row_group(group, columns=["row"], use_threads=False)["row"].to_numpy()
        here = np.flatnonzero(np.isin(row, rows))
        if len(here):
            yield file.read_row_group(group, use_threads=False).take(pa.array(here))
