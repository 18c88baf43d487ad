"""The index of a pcapng file in memory; blocks are read in captools.wire.blocks."""

from __future__ import annotations

import numpy as np

from captools.model.errors import MalformedCapture
from captools.wire.blocks import Packet, Sections, damage_at
from captools.wire.records import Records, empty


def read_pcapng(data: bytes | bytearray | memoryview, where: str) -> Records:
    """Return the index of a pcapng file; raise MalformedCapture where not even its first block is whole."""
    view, sections, rows = memoryview(data), Sections(), list[Packet]()
    at, damage = 0, ""
    while at < len(view) and not damage:
        step = sections.step(view, at, len(view))
        if step.problem:
            damage = damage_at(at, step)
        elif step.packet is not None:
            rows.append(step.packet)
        at += step.length
    if at == 0:
        raise first_block_damaged(where, damage)
    if not rows:
        return empty(tuple(sections.interfaces), damage)
    table = np.array(rows, np.int64)
    return Records(
        offset=table[:, 0].copy(),
        cap_len=table[:, 1].copy(),
        wire_len=table[:, 2].copy(),
        ts_ns=table[:, 3].copy(),
        interface=table[:, 4].copy(),
        interfaces=tuple(sections.interfaces),
        damage=damage,
    )


def first_block_damaged(where: str, damage: str) -> MalformedCapture:
    """Return the error for a file whose first block cannot be read: nothing after it can."""
    return MalformedCapture(f"{where}: {damage}", hint="the file was probably cut while it was copied")
