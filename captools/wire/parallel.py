"""Decode a pcap file in byte ranges at the same time, and prove that the ranges fit together.

Each range is decoded from a guessed record boundary. The range before it ends exactly there, or the guess was wrong;
then what lies behind is walked from where the last good range ended.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from captools.model.narrow import Narrow
from captools.wire.assemble import assemble
from captools.wire.kernels.resync import NOT_FOUND, find_record
from captools.wire.kernels.session import PAD, Part, PcapRun
from captools.wire.pcap import FILE_HEADER, MAGICS
from captools.wire.tunnels import VXLAN_PORTS

ReadAt = Callable[[memoryview, int], int]  # fills the space with bytes from an offset; returns how many
_WINDOW = 1 << 20  # bytes searched for a boundary
_SMALLEST = 1 << 22  # bytes worth a thread of their own


@dataclass(slots=True)
class Range:
    """One decoded byte range: ``run.before`` is where it ended."""

    begin: int
    run: PcapRun
    parts: list[Part]


def decode_ranges(
    read_at: ReadAt, size: int, *, threads: int = 2, vxlan_ports: tuple[int, ...] = VXLAN_PORTS
) -> Narrow:
    """Decode a pcap file of ``size`` bytes in up to ``threads`` ranges; the same tables as in one pass."""
    head = bytearray(FILE_HEADER)
    read_at(memoryview(head), 0)
    begins = boundaries(read_at, size, bytes(head), threads)

    def work(begin: int, end: int) -> Range:
        return decode_range(read_at, bytes(head), begin, end, vxlan_ports)

    with ThreadPoolExecutor(max_workers=threads) as pool:
        ranges = list(pool.map(work, begins, [*begins[1:], size]))
    good = [ranges[0]]
    for one in ranges[1:]:
        if good[-1].run.before != one.begin:
            good[-1].run.have = 0
            good.append(work(good[-1].run.before, size))
            break
        good.append(one)
    return _join(good)


def boundaries(read_at: ReadAt, size: int, head: bytes, threads: int) -> list[int]:
    """Return where ranges begin: the first record, and what looks like one near each equal share."""
    begins = [FILE_HEADER]
    order, tick_ns, header = MAGICS[head[:4]]
    run = PcapRun(head, buffer=1 << 12, part_rows=64)
    first = bytearray(16)
    if read_at(memoryview(first), FILE_HEADER) < 16:
        return begins
    (second,) = struct.unpack_from(order + "I", first)
    window = np.zeros(_WINDOW + PAD, np.uint8)
    for share in range(1, min(threads, size // _SMALLEST)):
        offset = size * share // threads
        have = read_at(window.data[:_WINDOW], offset)
        found = int(find_record(window, have, run.little, 1_000_000_000 // tick_ns, header, run.largest, second))
        if found != NOT_FOUND and offset + found > begins[-1]:
            begins.append(offset + found)
    return begins


def decode_range(read_at: ReadAt, head: bytes, begin: int, end: int, vxlan_ports: tuple[int, ...]) -> Range:
    """Decode the records from ``begin`` to ``end``."""
    run = PcapRun(head, vxlan_ports=vxlan_ports, begin=begin)
    parts: list[Part] = []
    at = begin
    while at < end:
        space = run.space()
        count = read_at(space[: end - at], at)
        if not count:
            break
        at += count
        parts += run.filled(count)
    last = run.finish()
    return Range(begin, run, parts if last is None else [*parts, last])


def _join(ranges: list[Range]) -> Narrow:
    """Return one set of tables of all ranges, their lanes numbered anew in order of first sight."""
    lanes = ranges[0].run.common
    for one in ranges[1:]:
        numbers = lanes.add_lanes(one.run.common.lane_records())
        for part in one.parts:
            part.packets.lane[:] = numbers[part.packets.lane]
    last = ranges[-1].run
    last.rows = sum(one.run.rows for one in ranges)
    pairs = [(part.packets, part.sides) for one in ranges for part in one.parts]
    return assemble(pairs, lanes.lane_records(), (last.linktype,), last.damage())
