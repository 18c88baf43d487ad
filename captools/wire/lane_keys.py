"""Lanes of many captures as plain arrays: which of them are one, and what their packets add up to.

The byte ranges of a capture file number their lanes each for itself. Here a lane has one number over all files; it is
the same lane where every column of LANES is equal and the file is the same (by a 64-bit hash of it all). There are
millions of them in a large session: only what is looked at is kept, each column once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.narrow import LANES
from captools.model.packets import ADDRESS, MAC
from captools.wire.bytesview import U64
from captools.wire.prints import address_words, lane_prints, mixed

# What is kept of a lane's flow: sums, flags, the earliest and the latest.
SUMS: dict[str, Any] = {"packets": np.int64, "rsts": np.uint32, "retransmitted": np.uint32, "gaps": np.uint32}
EITHER: dict[str, Any] = {"http": np.bool_, "tls": np.bool_}
KEPT = {**SUMS, **EITHER, "first_ns": np.int64, "last_ns": np.int64}
_START = np.uint64(0x1A4E)
_WAY = ("interface", "ifindex", "direction", "tunnel", "outer_src", "outer_dst", "proto")
_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True)
class LaneColumns:
    """One entry per lane; ``src`` and ``dst`` are hashes of addresses (0: none), ``flows`` holds KEPT."""

    hash: U64  # of captools.wire.prints
    src: U64
    dst: U64
    way: npt.NDArray[np.uint32]  # a hash: from which node to which other one, and how (tunnel, protocol, interface)
    proto: npt.NDArray[np.uint8]
    sport: npt.NDArray[np.uint16]
    dport: npt.NDArray[np.uint16]
    ethertype: npt.NDArray[np.uint16]
    flows: dict[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.hash)

    @property
    def link(self) -> U64:
        """Who speaks to whom by which way, as one hash, made anew each time."""
        return mixed(mixed(self.way.astype(np.uint64), self.src), self.dst)

    def part(self, first: int, end: int) -> LaneColumns:
        """Return some of the lanes, in the same memory."""
        flows = {name: column[first:end] for name, column in self.flows.items()}
        return LaneColumns(**{name: getattr(self, name)[first:end] for name in _PLAIN}, flows=flows)

    def columns(self) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """Yield every column with its name."""
        yield from ((name, getattr(self, name)) for name in _PLAIN)
        yield from self.flows.items()


_PLAIN = tuple(one.name for one in fields(LaneColumns) if one.name != "flows")


def lane_columns(lanes: pa.Table, flows: pa.Table) -> LaneColumns:
    """Return lanes (schema LANES) and their flows (KEPT of schema FLOWS) as arrays."""
    told = lane_prints(lanes)
    way = np.full(len(lanes), _START)
    for name in _WAY:
        way = mixed(way, _word(lanes[name]))
    return LaneColumns(
        hash=told.hash, src=_word(lanes["src"]), dst=_word(lanes["dst"]), way=(way >> _HALF).astype(np.uint32),
        proto=told.proto, sport=_number(lanes["sport"], np.uint16), dport=_number(lanes["dport"], np.uint16),
        ethertype=_number(lanes["ethertype"], np.uint16), flows={name: flows[name].to_numpy() for name in KEPT},
    )  # fmt: skip


def lane_keys(lanes: pa.Table) -> U64:
    """Return a hash of each of ``lanes`` (schema LANES), which tells those of one file apart."""
    key = np.full(len(lanes), _START)
    for field in LANES:
        key = mixed(key, _word(lanes[field.name]))
    return key


class Gathered:
    """Lanes of files, one file after the other, in memory for ``room`` of them: as many as their ranges have together."""

    def __init__(self, room: int) -> None:
        empty = lane_columns(LANES.empty_table(), pa.table({name: pa.array([], pa.int64()) for name in KEPT}))
        plain = {name: np.empty(room, getattr(empty, name).dtype) for name in _PLAIN}
        self._columns = LaneColumns(**plain, flows={name: np.empty(room, kind) for name, kind in KEPT.items()})
        self._keys: list[U64] = []
        self._first = self._end = 0

    def add(self, lanes: pa.Table, flows: pa.Table) -> None:
        """Take further lanes of the same file (as for lane_columns); ValueError where there is no room."""
        some = lane_columns(lanes, flows)
        end = self._end + len(some)
        for (_, to), (_, column) in zip(self._columns.part(self._end, end).columns(), some.columns(), strict=True):
            to[:] = column
        self._keys.append(lane_keys(lanes))
        self._end = end

    def close_file(self) -> tuple[LaneColumns, npt.NDArray[np.uint32]]:
        """Return each lane of the file once, and for each that was added its number among these.

        They keep the order of their first sight: what is at work at one time lies together.
        """
        keys = np.concatenate([np.empty(0, np.uint64), *self._keys])
        self._keys = []
        first, number = _once(keys)
        held = self._columns.part(self._first, self._end)
        if len(first) < len(keys):
            again = np.flatnonzero(first[number] != np.arange(len(keys)))
            for name, column in held.columns():
                if name in KEPT:
                    _merging(name).at(column, first[number[again]], column[again])
                column[: len(first)] = column[first]
        self._end = self._first + len(first)
        found = self._columns.part(self._first, self._end)
        self._first = self._end
        return found, number

    def all(self) -> LaneColumns:
        """Return the lanes of all files, in the same memory."""
        return self._columns.part(0, self._end)


def _once(keys: U64) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """Return where each key comes first, in that order, and the number of each key among these."""
    _, first, number = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(first), np.uint32)
    rank[order] = np.arange(len(first), dtype=np.uint32)
    return first[order], rank[number]


def _merging(name: str) -> Any:
    """Return what makes one value of two of a lane's flow."""
    if name in SUMS:
        return np.add
    return {"first_ns": np.minimum, "last_ns": np.maximum}.get(name, np.logical_or)


def _number(column: pa.ChunkedArray, kind: Any) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = pc.fill_null(column, 0).to_numpy().astype(kind)
    return found


def _word(column: pa.ChunkedArray) -> U64:
    """Return a column as one number per row, the same for the same value in any file; 0 for null."""
    if not len(column):
        return np.empty(0, np.uint64)
    known = column.is_valid().to_numpy()
    if pa.types.is_dictionary(column.type):
        array = column.unify_dictionaries().combine_chunks()
        words = np.array([_of_text(word) for word in array.dictionary.to_pylist()] or [0], np.uint64)
        values = words[array.indices.fill_null(0).to_numpy()]
    elif column.type == ADDRESS:
        high, low = address_words(column)
        values = mixed(mixed(np.full(len(high), _START), high), low)
    elif column.type == MAC:
        array = column.combine_chunks()
        raw = np.frombuffer(array.buffers()[1], np.uint8)[6 * array.offset :][: 6 * len(array)]
        wide = np.zeros((len(array), 8), np.uint8)
        wide[:, :6] = raw.reshape(len(array), 6)
        values = wide.view(np.uint64)[:, 0] + np.uint64(1)
    else:
        values = pc.fill_null(column, 0).to_numpy().astype(np.uint64) + np.uint64(1)
    return np.where(known, values, np.uint64(0))


def _of_text(word: str) -> int:
    return int.from_bytes(word.encode()[:8].ljust(8, b"\0"), "little") or 1
