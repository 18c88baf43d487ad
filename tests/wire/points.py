"""Two points of the generated traffic as what the join takes: point "b" sees the packets of "a" that were not lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from captools.model.narrow import Narrow
from captools.wire.lane_keys import lane_columns
from captools.wire.prints import COLUMNS, SIDES, LanePrints, beside, prints
from captures import build
from captures.generate import generate
from tests.wire.equality import compiled, read_records


def capture(vantage: str, packets: int = 4_000, seed: int = 5) -> bytes:
    return b"".join(generate(packets=packets, seed=seed, vantage=vantage))


def cut(data: bytes, snaplen: int) -> bytes:
    """Return a capture as a smaller snap length would have left it."""
    records = read_records(data, "test")
    places = zip(records.offset.tolist(), records.cap_len.tolist(), records.ts_ns.tolist(), strict=True)
    return build.pcap([(ts, data[at : at + size]) for at, size, ts in places], snaplen=snaplen)


def printed(narrow: Narrow) -> tuple[Any, Any]:
    """Return the prints of a decoded capture, and its lanes."""
    lanes = lane_columns(narrow.lanes, narrow.flows)
    packets = {name: narrow.packets[name].to_numpy() for name in COLUMNS}
    more = beside(len(narrow), [(name, narrow.sides[name]) for name in SIDES])
    return prints(packets, LanePrints(lanes.hash, lanes.proto), more), lanes


def rows_of(data: bytes, first_lane: int = 0):
    """Return a capture's rows for the join, and how many lanes it has."""
    from captools.wire.same_packet import Rows

    narrow = compiled(data)
    told, lanes = printed(narrow)
    lane = narrow.packets["lane"].to_numpy() + np.uint32(first_lane)
    return Rows(narrow.packets["ts_ns"].to_numpy(), told.print, told.second, lane), len(lanes)


def crossing(table: pa.Table) -> int:
    """Return how many packets of point "a" go to point "b" at all: neither ARP nor WireGuard."""
    arp, sealed = (table[name].is_valid().to_numpy() for name in ("arp_op", "wg_type"))
    return int((~arp & ~sealed).sum())
