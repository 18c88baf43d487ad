"""The byte ranges of one capture file side by side: its TCP conversations, and the packets that belong to some.

Rows and lanes count over all ranges here: a range's first ones come behind the last ones of the range before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from captools.model.narrow import FLOWS, LANES, Narrow, Present
from captools.model.packets import Proto, TcpFlag
from captools.wire.bytesview import U64, Bools, Ints
from captools.wire.decode import Naming
from captools.wire.joined import Columns, columns_of, join
from captools.wire.lanes import number_lanes
from captools.wire.segments import Segments, arrange
from captools.wire.widen import points_of

# What is looked at of the packets tables.
COLUMNS = ("offset", "payload_head", "lane", "cap_len", "seq", "payload_off", "payload_len", "tcp_flags", "present")
Marks = Callable[[U64, Ints, Ints], Bools]  # first bytes, length and lane of payloads: may they begin a message?
_NONE = -1


@dataclass(frozen=True, slots=True)
class Talks:
    """The TCP conversations of a file. ``code`` of a lane is twice its conversation's number plus its side; or -1."""

    code: Ints
    flows: Columns  # by code: what all lanes of a side add up to
    split: Bools  # by conversation: a side has several lanes within a range, whose order is not known here

    def any_of(self, name: str) -> Bools:
        """Tell which conversations have a side with ``name`` (a column of FLOWS) set."""
        return _either(self.flows[name])


@dataclass(frozen=True, slots=True)
class Payloads:
    """The payloads of some packets: rows and lanes of the file, places in it, bytes captured and by the headers."""

    row: Ints
    lane: Ints
    begin: Ints
    held: Ints
    length: Ints
    head: U64
    seq: Ints
    flags: Ints


class Shards:
    """The normalised tables of a file's byte ranges, in file order."""

    def __init__(self, shards: Sequence[Narrow], naming: Naming) -> None:
        self._shards = shards
        self._naming = naming
        self.rows = [0, *accumulate(len(one.packets) for one in shards)]
        self.lanes = [0, *accumulate(len(one.lanes) for one in shards)]
        self.table = pa.concat_tables([LANES.empty_table(), *(one.lanes for one in shards)]).unify_dictionaries()

    @cached_property
    def talks(self) -> Talks:
        """The TCP conversations."""
        flows = pa.concat_tables([FLOWS.empty_table(), *(one.flows for one in self._shards)])
        held = (flows["in_order"].to_numpy() > 0) & (self.lane_numbers("proto") == Proto.TCP)
        lanes = np.flatnonzero(held)
        code = np.full(len(held), _NONE, np.int64)
        code[lanes] = number_lanes(self.table.append_column("point", points_of(self.table, self._naming)), lanes)
        count = (int(code.max(initial=_NONE)) // 2 + 1) * 2
        split = np.zeros(count, np.bool_)
        columns, ranges = columns_of(flows), []
        for first, end in zip(self.lanes, self.lanes[1:], strict=False):
            here = first + np.flatnonzero(held[first:end])
            seen, place = np.unique(code[here], return_index=True)
            split[seen[np.bincount(np.searchsorted(seen, code[here]), minlength=len(seen)) > 1]] = True
            ranges.append((seen, {name: column[here[place]] for name, column in columns.items()}))
        joined = join(ranges, count)
        for name in ("http", "tls"):  # of all lanes, also where a side has several
            joined[name] = np.bincount(code[held], columns[name][held], count).astype(np.int64)
        return Talks(code, joined, _either(split))

    def lane_numbers(self, name: str) -> Ints:
        """Return a column of the lanes as numbers, 0 where it is null."""
        values: Ints = self.table[name].combine_chunks().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        return values

    def side(self, name: str) -> pa.Table:
        """Return a table of messages, its rows and lanes counted over the file."""
        parts = []
        for shard, row, lane in zip(self._shards, self.rows, self.lanes, strict=False):
            one = shard.sides[name]
            for column, first in (("row", row), ("lane", lane)):
                at = one.schema.get_field_index(column)
                one = one.set_column(at, column, pa.array(one[column].to_numpy().astype(np.int64) + first))
            parts.append(one)
        return pa.concat_tables(parts).unify_dictionaries().combine_chunks()

    def payloads(self, wanted: Bools) -> Payloads:
        """Return the packets of the lanes that are ``wanted`` (one entry per lane), in file order."""
        parts = zip(*self._wanted(wanted), strict=True)
        return Payloads(*(np.concatenate(part) for part in parts))

    def _wanted(self, wanted: Bools) -> Iterator[tuple[npt.NDArray[Any], ...]]:
        for shard, first, lane_first in zip(self._shards, self.rows, self.lanes, strict=False):
            packets = shard.packets.select(COLUMNS).combine_chunks()
            values = {name: packets[name].to_numpy() for name in COLUMNS}
            lane = values["lane"].astype(np.int64) + lane_first
            rows = np.flatnonzero(wanted[lane])
            some = {name: column[rows] for name, column in values.items()}
            length = some["payload_len"].astype(np.int64)
            begin = some["offset"] + some["payload_off"]
            held = np.clip(some["offset"] + some["cap_len"] - begin, 0, length)
            there = some["present"] & Present.HEAD != 0
            head = np.where(there, some["payload_head"], np.uint64(0))
            missing = np.uint64(8) * (np.uint64(8) - np.minimum(length, 8).astype(np.uint64))
            head = np.where(missing < 64, head << np.minimum(missing, np.uint64(63)), np.uint64(0))
            seq = np.where(some["present"] & Present.TCP != 0, some["seq"].astype(np.int64), _NONE)
            yield rows + first, lane[rows], begin, held, length, head, seq, some["tcp_flags"].astype(np.int64)

    def segments(self, sides: Bools, marks: Marks) -> Segments:
        """Return the segments of some sides of conversations: ``sides`` has one entry per code."""
        code = self.talks.code
        lanes = code >= 0
        lanes[lanes] = sides[code[lanes]]
        some = self.payloads(lanes)
        use = (some.length > 0) | (some.flags & (TcpFlag.SYN | TcpFlag.FIN) != 0)
        use &= some.seq != _NONE
        return arrange(
            code[some.lane[use]],
            row=some.row[use],
            seq=some.seq[use],
            flags=some.flags[use],
            begin=some.begin[use],
            held=some.held[use],
            length=some.length[use],
            mark=marks(some.head, some.length, some.lane)[use],
        )

    def places(self, rows: Sequence[int]) -> pa.Table:
        """Return what names the packets of ``rows``: source, point and frame."""
        numbers = np.array(rows, np.int64)
        lane = np.empty(len(numbers), np.int64)
        for shard, first, end, lane_first in zip(self._shards, self.rows, self.rows[1:], self.lanes, strict=False):
            here = (numbers >= first) & (numbers < end)
            found = shard.packets["lane"].take(pa.array(numbers[here] - first)).to_numpy()
            lane[here] = found.astype(np.int64) + lane_first
        point = points_of(self.table, self._naming).take(pa.array(lane))
        source = pa.DictionaryArray.from_arrays(
            pa.array(np.zeros(len(rows), np.int32)), pa.array([self._naming.source])
        )
        return pa.table({"source": source, "point": point, "frame": pa.array(numbers + 1)})


def _either(sides: npt.NDArray[Any]) -> Bools:
    """Tell of each conversation whether one of its two sides has something set."""
    found: Bools = (sides[::2] != 0) | (sides[1::2] != 0)
    return found
