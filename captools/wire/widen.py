"""The wide packet table (PACKETS) from the normalised tables, whole or for a few rows: what people and tests see."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.narrow import LANES, MESSAGE_TABLES, SIDE_TABLES, Narrow, Present
from captools.model.packets import PACKETS
from captools.wire.bytesview import Bools
from captools.wire.decode import Naming

_PACKET_SIDES = {name: schema for name, schema in SIDE_TABLES.items() if name not in MESSAGE_TABLES}
_SIDE_OF = {field.name: name for name, schema in _PACKET_SIDES.items() for field in schema if field.name != "row"}
BIT_OF = {
    "ip_id": Present.IP_ID, "outer_ip_id": Present.OUTER_IP_ID, "seq": Present.TCP, "ack": Present.TCP,
    "tcp_flags": Present.TCP, "window": Present.TCP, "tsval": Present.TIMESTAMPS, "tsecr": Present.TIMESTAMPS,
    "payload_off": Present.PAYLOAD, "payload_len": Present.PAYLOAD, "payload_hash": Present.HASH,
    "payload_head": Present.HEAD,
}  # fmt: skip
_ALWAYS = ("ts_ns", "cap_len", "wire_len")
_WITH_NETWORK = ("ttl", "ip_len")


def widen(narrow: Narrow, naming: Naming, *, first: int = 0, count: int | None = None) -> pa.Table:
    """Return rows ``first`` to ``first + count`` (default: to the end) as the packet table."""
    packets = narrow.packets.slice(first, count).combine_chunks()
    rows = len(packets)
    lane = packets["lane"].combine_chunks() if rows else pa.array([], pa.uint32())
    lanes = narrow.lanes.combine_chunks().take(lane)
    sides = {name: _spread(narrow.sides[name], first, rows) for name in _PACKET_SIDES}
    present = packets["present"].to_numpy()
    network = _there(lanes["ip_version"])
    four = pc.fill_null(pc.equal(lanes["ip_version"], 4), False).to_numpy()
    tos = packets["tos"].to_numpy()
    made: dict[str, Any] = {
        "source": _one_word(naming.source, rows),
        "point": points_of(lanes, naming),
        "frame": pa.array(np.arange(first + 1, first + 1 + rows)),
        "dscp": _masked(tos >> 2, network),
        "ecn": _masked(tos & 3, network),
        "outer_ttl": _masked(packets["outer_ttl"].to_numpy(), _there(lanes["outer_src"])),
        "dont_fragment": pa.array(present & Present.DONT_FRAGMENT != 0, mask=~four),
        # A packet outside the side table is no fragment where IPv4 says so; IPv6 then says nothing.
        "frag_offset": _or_default(sides["fragments"]["frag_offset"], pa.array(np.zeros(rows, np.uint16), mask=~four)),
        "more_fragments": _or_default(
            sides["fragments"]["more_fragments"], pa.array(np.zeros(rows, np.bool_), mask=~four)
        ),
    }
    for field in PACKETS:
        name = field.name
        if name in made:
            continue
        if name in LANES.names:
            made[name] = lanes[name]
        elif name in _SIDE_OF:
            made[name] = sides[_SIDE_OF[name]][name]
        elif name in _ALWAYS:
            made[name] = packets[name]
        elif name in _WITH_NETWORK:
            made[name] = _masked(packets[name].to_numpy(), network)
        else:
            made[name] = _masked(packets[name].to_numpy(), (present & BIT_OF[name]) != 0)
    return pa.table([made[field.name] for field in PACKETS], schema=PACKETS)


def _spread(side: pa.Table, first: int, rows: int) -> pa.Table:
    """Return a side table with one row per packet of the slice, null for those it does not hold."""
    held = side["row"].to_numpy()
    low, high = np.searchsorted(held, (first, first + rows)).tolist()
    where = np.full(rows, -1, np.int64)
    where[held[low:high] - first] = np.arange(low, high)
    return side.combine_chunks().take(pa.array(where, mask=where < 0))


def _there(column: pa.ChunkedArray) -> Bools:
    found: Bools = column.is_valid().to_numpy()
    return found


def _masked(values: npt.NDArray[Any], there: Bools) -> pa.Array:
    return pa.array(values, mask=~there)


def _or_default(column: pa.ChunkedArray, default: pa.Array) -> pa.ChunkedArray:
    return pc.coalesce(column, default)


def _one_word(word: str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([word]))


def points_of(lanes: pa.Table, naming: Naming) -> pa.Array:
    """Return the point of each row: of its interface, or of its own index in a capture of ``any``."""
    points = list(naming.points) or [""]
    codes = lanes["interface"].to_numpy().astype(np.int32)
    if naming.by_ifindex is not None and len(lanes):
        known = _there(lanes["ifindex"])
        numbers, place = np.unique(pc.fill_null(lanes["ifindex"], 0).to_numpy(), return_inverse=True)
        codes = np.where(known, place + len(points), codes).astype(np.int32)
        points += [naming.of_ifindex(number) for number in numbers.tolist()]
    words = list(dict.fromkeys(points))  # a dictionary holds each word once
    codes = np.array([words.index(point) for point in points], np.int32)[codes]
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(words))
