"""Sightings as arrays: the packet table's columns in the form that matching needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.addresses import mac_text, to_text
from captools.model.packets import ADDRESS, MAC, PACKETS

Ints = npt.NDArray[np.int64]
ABSENT = -1


@dataclass(slots=True)
class Sightings:
    """All rows of a packet table. Integer columns hold ABSENT where the table has null.

    ``points``, ``sources`` and ``addresses`` are the texts behind the integer codes of the columns of that
    name; address columns (src, dst, outer_src, …) share one list of texts.
    """

    table: pa.Table
    columns: dict[str, Ints]
    points: list[str]
    sources: list[str]
    addresses: list[str]
    tunnels: list[str]
    directions: list[str]
    quoting: Ints  # rows of ICMP errors that quote a packet

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, name: str) -> Ints:
        return self.columns[name]

    def point(self, row: int) -> str:
        """Return the point of a row."""
        return self.points[int(self.columns["point"][row])]

    def node(self, row: int) -> str:
        """Return the node of a row; the empty string where its point names none."""
        node, slash, _ = self.point(row).partition("/")
        return node if slash else ""

    def address(self, name: str, row: int) -> str | None:
        """Return an address of a row as text."""
        code = int(self.columns[name][row])
        return None if code == ABSENT else self.addresses[code]

    def number(self, name: str, row: int) -> int | None:
        """Return a number of a row, None where it has none."""
        value = int(self.columns[name][row])
        return None if value == ABSENT else value

    def tunnel(self, row: int) -> str:
        """Return the tunnel of a row, ``none`` where there is none."""
        return self.tunnels[int(self.columns["tunnel"][row])]

    def direction(self, row: int) -> str | None:
        """Return ``in``, ``out`` and the like where the link type tells, else None."""
        code = int(self.columns["direction"][row])
        return None if code == ABSENT else self.directions[code]

    def code_of_address(self, text: str) -> int:
        """Return the code of an address, ABSENT where no packet has it."""
        try:
            return self.addresses.index(text)
        except ValueError:
            return ABSENT

    def mac(self, name: str, row: int) -> str:
        """Return the MAC of the frame itself: of the outer Ethernet header where there is a tunnel."""
        outer = self.table[f"outer_{name}"][row].as_py()
        return mac_text(outer if outer is not None else self.table[name][row].as_py())


_ADDRESSES = ("src", "dst", "outer_src", "outer_dst", "quoted_src", "quoted_dst", "arp_sender_ip", "arp_target_ip",
              "dsr_addr")  # fmt: skip
_WORDS = ("point", "source", "tunnel", "direction")
_LEFT_OUT = {"sack", "decode_stop", "payload_hash", "payload_head", "wg_counter"}


def sightings(packets: pa.Table) -> Sightings:
    """Return ``packets`` (schema PACKETS) as arrays."""
    columns: dict[str, Ints] = {}
    texts: dict[str, list[str]] = {}
    for field in PACKETS:
        name = field.name
        if name in _LEFT_OUT or field.type in (ADDRESS, MAC):
            continue
        column = packets[name].combine_chunks()
        if name in _WORDS:
            if isinstance(column, pa.ChunkedArray):  # an empty table combines to a chunked array
                column = pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), pa.array([], pa.string()))
            columns[name] = _ints(column.indices)
            texts[name] = column.dictionary.to_pylist()
        else:
            columns[name] = _ints(column)
    addresses = _addresses(packets, columns)
    # Unsigned 64-bit values keep their bits; 0 stands for null, which a hash of nothing never is.
    for name in ("payload_hash", "payload_head", "wg_counter"):
        values: Any = packets[name].fill_null(0).to_numpy()
        columns[name] = values.astype(np.uint64).view(np.int64)
    return Sightings(
        table=packets,
        columns=columns,
        points=texts["point"],
        sources=texts["source"],
        addresses=addresses,
        tunnels=texts["tunnel"],
        directions=texts["direction"],
        quoting=np.flatnonzero(columns["quoted_dst"] != ABSENT),
    )


def _ints(column: Any) -> Ints:
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.uint8())
    values: Ints = pc.cast(column, pa.int64()).fill_null(ABSENT).to_numpy(zero_copy_only=False)
    return values


def _addresses(packets: pa.Table, columns: dict[str, Ints]) -> list[str]:
    """Give each different address one code, the same in all address columns."""
    whole = pa.chunked_array([chunk for name in _ADDRESSES for chunk in packets[name].chunks], packets["src"].type)
    unique = pc.unique(whole).drop_null()
    for name in _ADDRESSES:
        codes = pc.index_in(packets[name], value_set=unique)
        columns[name] = codes.fill_null(ABSENT).to_numpy().astype(np.int64)
    return [to_text(value) for value in unique.to_pylist()]
