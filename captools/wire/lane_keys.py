"""Lanes of many captures as plain arrays: which of them are one, and what their packets add up to.

The byte ranges of a capture file number their lanes each for itself. Here a lane has one number over all files; it is
the same lane where every column of LANES is equal and the file is the same (by a 64-bit hash of it all).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.narrow import FLOWS, LANES
from captools.model.packets import ADDRESS, MAC
from captools.wire.bytesview import U64, Ints
from captools.wire.prints import address_words, lane_prints, mixed

# What is kept of a lane's flow: sums, the earliest, the latest, and flags.
SUMS = ("packets", "wire_bytes", "payload_bytes", "syns", "fins", "rsts", "retransmitted", "gaps")
EITHER = ("tcp_flags", "http", "tls")
_START = np.uint64(0x1A4E)


@dataclass(frozen=True, slots=True)
class LaneColumns:
    """One entry per lane. ``key`` tells lanes of one file apart; ``src`` and ``dst`` are hashes of addresses (0: none)."""

    key: U64
    hash: U64  # of captools.wire.prints
    src: U64
    dst: U64
    link: U64  # addresses, protocol, tunnel and interface: who speaks to whom by which way
    way: U64  # the same without the two who speak: from which node to which other one, and how
    proto: npt.NDArray[np.uint8]
    sport: npt.NDArray[np.uint16]
    dport: npt.NDArray[np.uint16]
    ethertype: npt.NDArray[np.uint16]
    flows: dict[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.key)

    def part(self, first: int, end: int) -> LaneColumns:
        """Return some of the lanes, in the same memory."""
        flows = {name: column[first:end] for name, column in self.flows.items()}
        return LaneColumns(**{name: getattr(self, name)[first:end] for name in _PLAIN}, flows=flows)


_PLAIN = tuple(one.name for one in fields(LaneColumns) if one.name != "flows")


def lane_columns(lanes: pa.Table, flows: pa.Table) -> LaneColumns:
    """Return lanes (schema LANES) and their flows (schema FLOWS) as arrays."""
    key = np.full(len(lanes), _START)
    for field in LANES:
        key = mixed(key, _word(lanes[field.name]))
    told = lane_prints(lanes)
    src, dst = (_word(lanes[name]) for name in ("src", "dst"))
    way = np.full(len(lanes), _START)
    for name in ("interface", "ifindex", "direction", "tunnel", "outer_src", "outer_dst", "proto"):
        way = mixed(way, _word(lanes[name]))
    return LaneColumns(
        key=key, hash=told.hash, src=src, dst=dst, link=mixed(mixed(way, src), dst), way=way, proto=told.proto,
        sport=_number(lanes["sport"], np.uint16), dport=_number(lanes["dport"], np.uint16),
        ethertype=_number(lanes["ethertype"], np.uint16),
        flows={name: flows[name].to_numpy() for name in (*SUMS, *EITHER, "first_ns", "last_ns")},
    )  # fmt: skip


def joined(parts: Iterable[LaneColumns]) -> tuple[LaneColumns, Ints]:
    """Put the lanes of one file together; return each lane once, and for each of ``parts``' lanes its number.

    They keep the order of their first sight: what is at work at one time lies together.
    """
    whole = concatenated(parts)
    _, first, number = np.unique(whole.key, return_index=True, return_inverse=True)
    order = np.argsort(first)
    first, number = first[order], np.argsort(order)[number]
    flows: dict[str, npt.NDArray[Any]] = {}
    for name, column in whole.flows.items():
        if name in SUMS:
            out = np.zeros(len(first), column.dtype)
            np.add.at(out, number, column)
        else:
            out = column[first]
            {"first_ns": np.minimum, "last_ns": np.maximum}.get(name, np.bitwise_or).at(out, number, column)
        flows[name] = out
    columns = {name: getattr(whole, name)[first] for name in _PLAIN}
    return LaneColumns(**columns, flows=flows), number


def concatenated(parts: Iterable[LaneColumns]) -> LaneColumns:
    """Return the lanes of ``parts`` one behind the other."""
    some = [lane_columns(LANES.empty_table(), FLOWS.empty_table()), *parts]
    columns = {name: np.concatenate([getattr(one, name) for one in some]) for name in _PLAIN}
    flows = {name: np.concatenate([one.flows[name] for one in some]) for name in some[0].flows}
    return LaneColumns(**columns, flows=flows)


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
