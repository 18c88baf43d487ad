"""What a running decode has whatever the format of the file: lanes, counters, and the part being written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from captools.wire.kernels.buffers import (
    COUNTERS,
    FOLLOWING,
    LANE_WORDS,
    LANES,
    ROWS,
    SIDE_COUNTS,
    Lanes,
    Packets,
    Pending,
    Sides,
    lane_buffers,
    lane_keys,
    packet_buffers,
    pending_buffers,
    side_buffers,
)
from captools.wire.kernels.growing import Growing
from captools.wire.kernels.marks import GENEVE, VXLAN
from captools.wire.kernels.native import Native
from captools.wire.kernels.records import FLOW, STATE
from captools.wire.kernels.window import BUFFER
from captools.wire.tunnels import GENEVE_PORT, GPE_PORT, VXLAN_PORTS

PART_ROWS = 1 << 16
_SIDE_SHARE = 4  # a part ends early where more than one packet in four has a row in one side table
FIRST_LANES = 1 << 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a run decodes.

    ``buffer`` and ``part_rows`` are how many bytes and packets are at work at once. ``fresh`` False reuses one part's
    memory: each part is then only good until the next. ``flows`` False leaves out what goes beyond single packets: what
    flows add up to, HTTP heads and TLS hellos; the flow records then stay empty. ``lanes`` is how many flow directions
    there is room for at first (a power of two): growing enters them all anew.
    """

    vxlan_ports: tuple[int, ...] = VXLAN_PORTS
    buffer: int = BUFFER
    part_rows: int = PART_ROWS
    fresh: bool = True
    flows: bool = True
    lanes: int = FIRST_LANES


DEFAULTS = Options()


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of the packets table and the side tables. ``row`` of a side table counts within the part."""

    packets: Packets
    sides: Sides


def port_table(vxlan_ports: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Return for each UDP port which tunnel its datagrams are."""
    table = np.zeros(1 << 16, np.uint8)
    table[GENEVE_PORT] = GENEVE
    table[[port for port in (*vxlan_ports, GPE_PORT) if 0 <= port < 1 << 16]] = VXLAN
    return table


@dataclass(slots=True)
class Common:
    """What every run of a kernel needs: lanes, counters, scratch, and the part being written.

    ``fresh`` False reuses one part's memory: each part is then only good until the next.
    """

    ports: npt.NDArray[np.uint8]
    part_rows: int = PART_ROWS
    fresh: bool = True
    flows: bool = True
    first_lanes: int = FIRST_LANES
    rng: np.random.Generator = field(default_factory=np.random.default_rng)
    lanes: Lanes = field(init=False)
    counters: npt.NDArray[np.int64] = field(init=False)
    scratch: Any = field(init=False)
    pending: Pending = field(init=False)
    packets: Packets = field(init=False)
    sides: Sides = field(init=False)
    _records: Growing = field(init=False)  # what lanes are kept in
    _flows: Growing = field(init=False)

    def __post_init__(self) -> None:
        self._records = Growing(self.first_lanes, 8 * LANE_WORDS)
        self._flows = Growing(self.first_lanes, FLOW.itemsize)
        self.lanes = lane_buffers(self._records, self._flows, lane_keys(self.rng))
        self.counters = np.zeros(COUNTERS, np.int64)
        self.counters[FOLLOWING] = self.flows
        self.scratch = np.zeros(1, STATE).view(np.recarray)
        self._new_part()

    def _new_part(self) -> None:
        self.packets = packet_buffers(self.part_rows)
        self.sides = side_buffers(max(self.part_rows // _SIDE_SHARE, 16))
        self.pending = pending_buffers(self.sides)

    def take(self) -> Part | None:
        """Return the rows written so far and begin a new part; None where there are none."""
        rows = int(self.counters[ROWS])
        if not rows:
            return None
        counts = self.counters[SIDE_COUNTS:].tolist()
        part = Part(
            Packets(*(column[:rows] for column in self.packets)),
            Sides(*(side[:count] for side, count in zip(self.sides, counts, strict=True))),
        )
        self.counters[ROWS] = 0
        self.counters[SIDE_COUNTS:] = 0
        if self.fresh:
            self._new_part()
        return part

    def grow_lanes(self) -> None:
        """Double the room for lanes."""
        capacity, table, keys = 2 * len(self.lanes.records), self.lanes.table, self.lanes.keys
        del self.lanes  # nobody may look at memory that moves
        self._records.grow(capacity)
        self._flows.grow(capacity)
        self.lanes = lane_buffers(self._records, self._flows, keys)
        Native("lanes.move_lanes")(table, self.lanes.table)

    def add_lanes(self, records: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint32]:
        """Take in the lanes of another run over the same file; return the number each has here."""
        numbers = np.empty(len(records), np.uint32)
        while int(self.counters[LANES]) + len(records) > len(self.lanes.records):
            self.grow_lanes()
        keys = np.ascontiguousarray(records)
        assign_lanes = Native("lanes.assign_lanes")
        assign_lanes(keys, np.empty(len(keys), np.uint64), len(keys), numbers, 0, self.lanes, self.counters)
        return numbers

    def lane_records(self) -> npt.NDArray[np.uint64]:
        """Return the records of the lanes seen so far."""
        return self.lanes.records[: int(self.counters[LANES])]

    def flow_records(self) -> Any:
        """Return what the packets of these lanes add up to, one record (FLOW) per lane."""
        return self.lanes.flows[: int(self.counters[LANES])]
