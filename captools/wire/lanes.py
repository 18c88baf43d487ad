"""Lanes: the TCP segments of one direction of one conversation at one point, gathered from the packet table.

All grouping is exact (codes, no hashes) and done by columns; only conversations with a marked segment are built.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from captools.model.packets import Proto, TcpFlag
from captools.wire.bytesview import U64, Bools, BytesView, Ints
from captools.wire.records import Records
from captools.wire.segments import Segments, Sides, arrange, streams

_WHERE = ("point", "ifindex", "vlan", "tunnel", "vni")


def column(packets: pa.Table, name: str, rows: Any = None) -> Any:
    """Return a number column as numpy, null as zero, at ``rows`` or everywhere."""
    values = packets[name].combine_chunks()
    values = values if rows is None else values.take(pa.array(rows))
    return values.fill_null(0).to_numpy(zero_copy_only=False)


def first_bytes(packets: pa.Table) -> U64:
    """Return the first eight payload bytes of every row as one number, the first byte on top, zeros behind the last."""
    length = np.minimum(column(packets, "payload_len"), 8).astype(np.uint64)
    missing = np.uint64(8) - length
    # ``payload_head`` of a shorter payload stands at the low end; a shift by all 64 bits is undefined.
    head: U64 = column(packets, "payload_head").astype(np.uint64) << (np.minimum(missing, 7) * np.uint64(8))
    return head


def places(packets: pa.Table, rows: list[int]) -> pa.Table:
    """Return what names the packets of ``rows``: source, point and frame."""
    return packets.select(["source", "point", "frame"]).take(pa.array(rows, pa.int64()))


@dataclass(frozen=True, slots=True)
class Payloads:
    """Where the payload of some rows lies in the buffer: first byte, captured bytes, bytes by the headers."""

    rows: Ints
    begin: Ints
    held: Ints
    length: Ints


def payloads(records: Records, packets: pa.Table, rows: Ints) -> Payloads:
    """Return where the payloads of ``rows`` lie; ``held`` is less than ``length`` where the capture was cut."""
    frame, length = records.offset[rows], column(packets, "payload_len", rows).astype(np.int64)
    begin = frame + column(packets, "payload_off", rows).astype(np.int64)
    held = np.clip(frame + records.cap_len[rows] - begin, 0, length)
    return Payloads(rows, begin, held, length)


def conversations(view: BytesView, records: Records, packets: pa.Table, marks: Bools) -> Iterator[Sides]:
    """Yield the two directions of every TCP conversation with a marked row, each as the streams it carried.

    ``marks`` has one entry per row of ``packets``. A direction has several streams where its ports were used again
    (a SYN with another sequence number) and none where it was not captured.
    """
    yield from streams(_segments(records, packets, marks), view.bytes.data)


def _segments(records: Records, packets: pa.Table, marks: Bools) -> Segments:
    rows = np.flatnonzero(column(packets, "proto") == Proto.TCP)
    flags = column(packets, "tcp_flags", rows).astype(np.int64)
    length = column(packets, "payload_len", rows)
    use = (length > 0) | (flags & (TcpFlag.SYN | TcpFlag.FIN) != 0)
    known = packets["seq"].combine_chunks().is_valid().to_numpy(zero_copy_only=False)
    use &= known[rows]
    rows, flags = rows[use], flags[use]
    lane = number_lanes(packets, rows)
    use = np.isin(lane >> 1, np.unique(lane[marks[rows]] >> 1))
    rows, lane, flags = rows[use], lane[use], flags[use]
    where = payloads(records, packets, rows)
    return arrange(
        lane,
        row=rows,
        seq=column(packets, "seq", rows).astype(np.int64),
        flags=flags,
        begin=where.begin,
        held=where.held,
        length=where.length,
        mark=marks[rows],
    )


def number_lanes(packets: pa.Table, rows: Ints) -> Ints:
    """Number the conversations of ``rows`` exactly; twice the number, plus one for the direction."""
    count = len(rows)
    here, there = _ends(packets, rows, "src", "sport", "dst", "dport")
    key = _code(np.minimum(here, there) * (2 * count + 2) + np.maximum(here, there))
    outer, beyond = _ends(packets, rows, "outer_src", "outer_sport", "outer_dst", "outer_dport", ports=False)
    if len(rows) and (outer != beyond[0]).any():  # any tunnel at all: its two ends belong to the conversation
        tunnel = _code(np.minimum(outer, beyond) * (2 * count + 2) + np.maximum(outer, beyond))
        key = _code(key * (count + 1) + tunnel)
    for name in _WHERE:
        values = _words(packets, name, rows)
        if len(values) and (values != values[0]).any():
            key = _code(key * (count + 1) + _code(values))
    return key * 2 + (here > there)


def _ends(
    packets: pa.Table, rows: Ints, src: str, sport: str, dst: str, dport: str, *, ports: bool = True
) -> tuple[Ints, Ints]:
    """Return one code per (address, port) end, the same in both directions."""
    take = pa.array(rows)
    both = pa.concat_arrays([packets[name].combine_chunks().take(take) for name in (src, dst)])
    codes = both.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    if ports:
        numbers = np.concatenate([column(packets, name, rows) for name in (sport, dport)]).astype(np.int64)
        codes = _code(codes * 65_536 + numbers)
    else:
        codes = _code(codes)
    return codes[: len(rows)], codes[len(rows) :]


def _words(packets: pa.Table, name: str, rows: Ints) -> Ints:
    values = packets[name].combine_chunks().take(pa.array(rows))
    if pa.types.is_dictionary(values.type):
        values = values.indices
    found: Ints = values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _code(values: Ints) -> Ints:
    """Replace different values by 0, 1, 2 … in the order of their first appearance."""
    found: Ints = pa.array(values).dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return found
