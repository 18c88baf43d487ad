"""Columns under construction: values and validity of every column of the packet table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from captools.model.packets import ADDRESS, MAC, PACKETS, WORD, DecodeStop
from captools.wire.bytesview import Bools, Ints

NO_WORD = -1

# What belongs to the innermost network and transport header: moved away when a tunnel is opened.
NETWORK = ("ip_version", "src", "dst", "proto", "ttl", "ip_id", "ip_len", "frag_offset", "more_fragments",
           "dont_fragment", "dscp", "ecn")  # fmt: skip
TRANSPORT = ("sport", "dport", "seq", "ack", "tcp_flags", "window", "wscale", "tsval", "tsecr", "mss", "icmp_type",
             "icmp_code", "icmp_id", "icmp_seq", "icmp_mtu", "nd_target", "nd_mac", "quoted_src", "quoted_dst",
             "quoted_proto",
             "quoted_sport", "quoted_dport", "quoted_seq", "wg_type", "wg_sender", "wg_receiver", "wg_counter",
             "wg_messages", "payload_off", "payload_len")  # fmt: skip
OUTER = {"outer_src": "src", "outer_dst": "dst", "outer_sport": "sport", "outer_dport": "dport", "outer_ttl": "ttl",
         "outer_ip_id": "ip_id"}  # fmt: skip


class Columns:
    """Arrays of ``count`` rows for each column; a value that was never set is null."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.values: dict[str, npt.NDArray[Any]] = {}
        self.valid: dict[str, Bools] = {}
        self.words: dict[str, list[str]] = {}
        self.sack: dict[int, list[int]] = {}
        for field in PACKETS:
            if field.type == ADDRESS:
                self.values[field.name] = np.zeros((count, 16), np.uint8)
            elif field.type == MAC:
                self.values[field.name] = np.zeros((count, 6), np.uint8)
            elif field.type == WORD:
                self.values[field.name] = np.full(count, NO_WORD, np.int32)
                self.words[field.name] = []
                continue
            elif isinstance(field.type, pa.ListType):
                continue
            else:
                self.values[field.name] = np.zeros(count, field.type.to_pandas_dtype())
            self.valid[field.name] = np.zeros(count, np.bool_)

    def put(self, name: str, rows: Ints, values: Any) -> None:
        """Set ``name`` at ``rows``."""
        if len(rows):
            self.values[name][rows] = values
            self.valid[name][rows] = True

    def word(self, name: str, rows: Ints, word: str) -> None:
        """Set a dictionary column to one word at ``rows``."""
        words = self.words[name]
        if word not in words:
            words.append(word)
        self.values[name][rows] = words.index(word)

    def stop(self, rows: Ints, why: DecodeStop, at: Ints) -> None:
        """Say why decoding of ``rows`` stopped, and at which byte of the frame. The first reason stands."""
        fresh = self.values["decode_stop"][rows] == NO_WORD
        rows = rows[fresh]
        self.word("decode_stop", rows, why.value)
        self.put("decode_stop_at", rows, at[fresh])

    def clear(self, names: Sequence[str], rows: Ints) -> None:
        """Make columns null again at ``rows``."""
        for name in names:
            self.values[name][rows] = 0
            self.valid[name][rows] = False

    def open_tunnel(self, rows: Ints, kind: str) -> None:
        """Turn what was decoded so far into the outer header (if it is the first) and make room for the inner."""
        first = rows[self.values["depth"][rows] == 0]
        for outer, plain in OUTER.items():
            self.values[outer][first] = self.values[plain][first]
            self.valid[outer][first] = self.valid[plain][first]
        for outer, plain in (("outer_eth_src", "eth_src"), ("outer_eth_dst", "eth_dst")):
            self.values[outer][first] = self.values[plain][first]
            self.valid[outer][first] = self.valid[plain][first]
        self.word("tunnel", first, kind)
        self.put("depth", rows, self.values["depth"][rows] + 1)
        self.clear(NETWORK + TRANSPORT, rows)
        for row in [row for row in self.sack if row in set(rows.tolist())]:
            del self.sack[row]

    def to_table(self) -> pa.Table:
        """Return the packet table."""
        return pa.table([self._array(field) for field in PACKETS], schema=PACKETS)

    def _array(self, field: pa.Field[Any]) -> pa.Array[Any]:
        name, kind = field.name, field.type
        if isinstance(kind, pa.ListType):
            return (
                pa.array([self.sack.get(row) for row in range(self.count)], type=kind)
                if self.sack
                else pa.nulls(self.count, kind)
            )
        if kind == WORD:
            codes = self.values[name]
            indices = pa.array(codes, mask=codes == NO_WORD)
            return pa.DictionaryArray.from_arrays(indices, pa.array(self.words[name], pa.string()))
        if kind in (ADDRESS, MAC):
            return _binary(self.values[name], self.valid[name], kind)
        return pa.array(self.values[name], type=kind, mask=~self.valid[name])


def _binary(values: npt.NDArray[np.uint8], valid: Bools, kind: Any) -> pa.Array[Any]:
    """Return fixed-size bytes with nulls, without a Python object per row."""
    bits = np.packbits(valid, bitorder="little")
    return pa.Array.from_buffers(
        kind, len(values), [pa.py_buffer(bits.tobytes()), pa.py_buffer(np.ascontiguousarray(values).tobytes())]
    )
