"""A running decode: feed it bytes as they come, take finished parts. No file is opened here.

>>> run = PcapRun(head)              # doctest: +SKIP
>>> got = file.readinto(run.space()) # doctest: +SKIP
>>> parts = run.filled(got)          # doctest: +SKIP
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from captools.wire.kernels.buffers import (
    AT,
    COUNTERS,
    IMPOSSIBLE_LENGTH,
    LANES,
    LANES_FULL,
    PART_FULL,
    ROWS,
    SIDE_COUNTS,
    STATUS,
    Lanes,
    Packets,
    Pending,
    Sides,
    lane_buffers,
    packet_buffers,
    pending_buffers,
    side_buffers,
)
from captools.wire.kernels.hashing import KEYS
from captools.wire.kernels.lanes import assign_lanes, move_lanes
from captools.wire.kernels.marks import GENEVE, VXLAN
from captools.wire.kernels.records import FLOW
from captools.wire.kernels.run import decode_index, decode_pcap
from captools.wire.kernels.state import STATE
from captools.wire.pcap import FILE_HEADER, MAGICS, MAX_RECORD
from captools.wire.records import Interface, Records
from captools.wire.tunnels import GENEVE_PORT, GPE_PORT, VXLAN_PORTS

PAD = 64  # bytes behind the data that a word read may touch
BUFFER = 1 << 19  # stays in the second-level cache
PART_ROWS = 1 << 16
_SIDE_SHARE = 4  # a part ends early where more than one packet in four has a row in one side table
_FIRST_LANES = 1 << 12


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
    rng: np.random.Generator = field(default_factory=np.random.default_rng)
    lanes: Lanes = field(init=False)
    counters: npt.NDArray[np.int64] = field(init=False)
    scratch: Any = field(init=False)
    pending: Pending = field(init=False)
    packets: Packets = field(init=False)
    sides: Sides = field(init=False)

    def __post_init__(self) -> None:
        self.lanes = lane_buffers(_FIRST_LANES, self.rng)
        self.counters = np.zeros(COUNTERS, np.int64)
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
        old = self.lanes
        records = np.zeros((2 * len(old.records), old.records.shape[1]), np.uint64)
        records[: len(old.records)] = old.records
        table = np.zeros((2 * len(old.table), 2), np.uint64)
        move_lanes(old.table, table)
        flows = np.zeros(len(records), FLOW).view(np.recarray)
        flows[: len(old.flows)] = old.flows
        self.lanes = Lanes(records, table, old.keys, flows)

    def add_lanes(self, records: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint32]:
        """Take in the lanes of another run over the same file; return the number each has here."""
        numbers = np.empty(len(records), np.uint32)
        while int(self.counters[LANES]) + len(records) > len(self.lanes.records):
            self.grow_lanes()
        keys = np.ascontiguousarray(records)
        assign_lanes(keys, np.empty(len(keys), np.uint64), len(keys), numbers, 0, self.lanes, self.counters)
        return numbers

    def lane_records(self) -> npt.NDArray[np.uint64]:
        """Return the records of the lanes seen so far."""
        return self.lanes.records[: int(self.counters[LANES])]

    def flow_records(self) -> Any:
        """Return what the packets of these lanes add up to, one record (FLOW) per lane."""
        return self.lanes.flows[: int(self.counters[LANES])]


class PcapRun:
    """Decodes a pcap file from its bytes, in any pieces. ``head`` is its first 24 bytes.

    ``begin`` is where in the file the bytes begin (a record boundary); 24 for the whole file.
    """

    def __init__(
        self,
        head: bytes,
        *,
        vxlan_ports: tuple[int, ...] = VXLAN_PORTS,
        begin: int = FILE_HEADER,
        buffer: int = BUFFER,
        part_rows: int = PART_ROWS,
        fresh: bool = True,
    ) -> None:
        order, self.tick_ns, self.header = MAGICS[head[:4]]
        snaplen, network = struct.unpack_from(order + "II", head, 16)
        self.little = order == "<"
        self.linktype = network & 0xFFFF
        self.interfaces = (Interface(linktype=self.linktype, snaplen=snaplen),)
        self.largest = max(MAX_RECORD, snaplen if snaplen < 1 << 28 else 0)
        self.common = Common(port_table(vxlan_ports), part_rows, fresh)
        self.data: npt.NDArray[np.uint8] = np.zeros(buffer + PAD, np.uint8)
        self.have = 0
        self.before = begin
        self.rows = 0
        self.impossible = False

    def space(self) -> memoryview:
        """Return where the next bytes belong; never empty."""
        if self.have + PAD >= len(self.data):  # one record fills it all: make room as its bytes arrive
            larger = np.zeros(2 * len(self.data), np.uint8)
            larger[: self.have] = self.data[: self.have]
            self.data = larger
        return self.data.data[self.have : len(self.data) - PAD]

    def filled(self, count: int) -> Iterator[Part]:
        """Decode after ``count`` bytes were put into ``space()``; yield parts that are full."""
        self.have += count
        common, counters = self.common, self.common.counters
        counters[AT] = 0
        while not self.impossible:
            before = int(counters[ROWS])
            decode_pcap(
                self.data, self.have, self.before, self.little, self.tick_ns, self.header, self.largest,
                common.scratch, self.linktype, common.ports, KEYS, common.packets, common.sides, common.lanes,
                common.pending, counters,
            )  # fmt: skip
            self.rows += int(counters[ROWS]) - before
            if counters[STATUS] == LANES_FULL:
                common.grow_lanes()
            elif counters[STATUS] == PART_FULL:
                part = common.take()
                if part is not None:
                    yield part
            else:
                self.impossible = bool(counters[STATUS] == IMPOSSIBLE_LENGTH)
                break
        done = int(counters[AT])
        left = self.have - done
        self.data[:left] = self.data[done : self.have].copy()
        self.have, self.before = left, self.before + done

    def finish(self) -> Part | None:
        """Return the last rows."""
        return self.common.take()

    def damage(self) -> str:
        """Say where and how the file ends early; the empty string where it does not."""
        if not self.have:
            return ""
        where = f"record {self.rows + 1:d} at byte {self.before:,}"
        if self.have < self.header:
            return f"{where}: its header is cut after {self.have} of {self.header} bytes"
        cap_len = int.from_bytes(self.data[8:12].tobytes(), "little" if self.little else "big")
        if cap_len > self.largest:
            return f"{where} claims {cap_len:,} bytes, more than any frame can have"
        return f"{where} claims {cap_len:,} bytes, {self.have - self.header:,} remain"


class IndexRun:
    """Decodes the frames of an index (pcapng). ``data`` is the whole file."""

    def __init__(
        self, data: bytes | bytearray | memoryview, records: Records, *, vxlan_ports: tuple[int, ...] = VXLAN_PORTS
    ) -> None:
        self.data = np.zeros(len(data) + 16, np.uint8)
        self.data[: len(data)] = np.frombuffer(data, np.uint8)
        self.common = Common(port_table(vxlan_ports))
        self.linktypes = np.array([one.linktype for one in records.interfaces] or [0], np.int64)
        columns = (records.offset, records.cap_len, records.wire_len, records.ts_ns, records.interface)
        self.index = np.stack(columns, axis=1)

    def parts(self) -> Iterator[Part]:
        """Yield all parts."""
        common, counters = self.common, self.common.counters
        counters[STATUS] = PART_FULL
        while counters[STATUS] in (PART_FULL, LANES_FULL):
            decode_index(
                self.data, self.index, self.linktypes, common.scratch, common.ports, KEYS, common.packets,
                common.sides, common.lanes, common.pending, counters,
            )  # fmt: skip
            if counters[STATUS] == LANES_FULL:
                common.grow_lanes()
            elif (part := common.take()) is not None:
                yield part
