"""Rows of the packet table under construction, as dictionaries: a text log is small, and each line says other things."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from captools.model.addresses import to_bytes
from captools.model.packets import HTTP, MAC, PACKETS, WORD, Tunnel
from captools.wire.columns import NETWORK, OUTER, TRANSPORT

Row = dict[str, Any]
MAC_TEXT = r"[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}"
_MOVED = {**OUTER, "outer_eth_src": "eth_src", "outer_eth_dst": "eth_dst"}


def new_row() -> Row:
    """Return a row that says nothing yet, but that no tunnel was seen."""
    return {"tunnel": Tunnel.NONE.value, "depth": 0}


def address(text: str) -> bytes | None:
    """Return an address in 16 bytes; None for a name or anything else."""
    try:
        return to_bytes(text)
    except ValueError:
        return None


def mac(text: str) -> bytes | None:
    """Return a MAC address in six bytes; ``Broadcast`` is what tcpdump calls the broadcast one."""
    if text == "Broadcast":
        return b"\xff" * 6
    return bytes.fromhex(text.replace(":", "")) if text else None


def open_tunnel(row: Row, kind: Tunnel, vni: int | None) -> None:
    """Turn what was read so far into the outer header (if it is the first) and make room for the inner packet."""
    if row["depth"] == 0:
        for outer, plain in _MOVED.items():
            row[outer] = row.get(plain)
        row["tunnel"], row["vni"] = kind.value, vni
    row["depth"] += 1
    for name in (*NETWORK, *TRANSPORT, "sack"):
        row.pop(name, None)
    if kind is not Tunnel.IPIP:  # every other kind may carry an Ethernet header of its own
        for name in ("eth_src", "eth_dst", "ethertype", "vlan"):
            row.pop(name, None)


def packet_table(rows: list[Row], source: str) -> pa.Table:
    """Return ``rows`` as a packet table (schema PACKETS). A number that its column cannot hold is no value at all."""
    for frame, row in enumerate(rows, 1):
        row["source"], row["frame"] = source, frame
    return pa.table([_column([row.get(field.name) for row in rows], field.type) for field in PACKETS], schema=PACKETS)


def http_table(heads: list[Row], rows: list[Row], source: str) -> pa.Table:
    """Return ``heads`` as an HTTP table; each names its packet by ``row``, counted from 0."""
    for head in heads:
        head.update(source=source, point=rows[head["row"]].get("point"), frame=head["row"] + 1)
    return pa.table({name: [head.get(name) for head in heads] for name in HTTP.names}, schema=HTTP)


def _column(values: list[Any], kind: Any) -> pa.Array[Any]:
    if kind == WORD:
        return pa.array(values, pa.string()).dictionary_encode().cast(kind)
    if kind == MAC:
        values = [value if value is None or len(value) == 6 else None for value in values]
    elif pa.types.is_integer(kind):
        low = -(1 << 63) if pa.types.is_signed_integer(kind) else 0
        high = 1 << (kind.bit_width - (low < 0))
        values = [value if value is not None and low <= value < high else None for value in values]
    elif pa.types.is_list(kind):
        values = [value if value and all(0 <= one < 1 << 32 for one in value) else None for value in values]
    return pa.array(values, kind)
