"""Recorded cases, changed as a NAT or an offload changes them: what was one packet is known to be so still."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from captools.correlate.sightings import Sightings
from captools.model.packets import PACKETS, Proto


def masqueraded(rows: Sightings, *, node: str, source: str, into: str, ports: bool) -> Sightings:
    """Let everything that ``source`` sends and gets be seen with the address ``into`` at all points but its own node's lxc*.

    ``ports``: TCP and UDP ports (and ICMP echo ids) of that side are rewritten too.
    """
    own = np.array([point.startswith(f"{node}/lxc") for point in rows.points])[rows["point"]]
    columns = dict(rows.columns)
    old, new = rows.code_of_address(source), len(rows.addresses)
    for address, port in (("src", "sport"), ("dst", "dport")):
        mine = ~own & (rows[address] == old) & (rows["wg_type"] < 0)
        columns[address] = np.where(mine, new, rows[address])
        if ports:
            there = mine & (rows[port] >= 0)
            columns[port] = np.where(there, 61_000 + rows[port] % 4_000, columns[port])
            echo = mine & (rows["icmp_id"] >= 0)
            columns["icmp_id"] = np.where(echo, rows["icmp_id"] + 20_000, columns["icmp_id"])
    return replace(rows, columns=columns, addresses=[*rows.addresses, into])


def coalesced(packets: pa.Table, point: str, most: int) -> tuple[pa.Table, dict[int, list[int]]]:
    """Merge up to ``most`` segments that follow one another at ``point``, as receive offload does.

    Returns the new table, and for each frame number of the merged frames the frame numbers that it swallowed.
    """
    here = [row for row in packets.to_pylist() if row["point"] == point]
    others = packets.filter(pa.array([value != point for value in packets["point"].to_pylist()]))
    kept: list[dict[str, Any]] = []
    swallowed: dict[int, list[int]] = {}
    last: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in here:
        length = row["payload_len"] or 0
        key = tuple(row[name] for name in ("src", "dst", "sport", "dport", "ack", "tsval", "tsecr", "window"))
        before = last.get(key)
        follows = before is not None and before["seq"] + before["payload_len"] == row["seq"]
        if row["proto"] == Proto.TCP and length and follows and len(swallowed[before["frame"]]) < most:
            before["payload_len"] += length
            before["ip_len"] += length
            before["tcp_flags"] |= row["tcp_flags"]
            swallowed[before["frame"]].append(row["frame"])
            continue
        kept.append(row)
        swallowed[row["frame"]] = [row["frame"]]
        if row["proto"] == Proto.TCP and length:
            last[key] = row
    merged = pa.concat_tables([others, pa.Table.from_pylist(kept, schema=PACKETS)]).unify_dictionaries()
    return merged, {frame: parts for frame, parts in swallowed.items() if len(parts) > 1}
