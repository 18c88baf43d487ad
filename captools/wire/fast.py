"""Decode a capture with the compiled kernels, to the normalised tables. For large captures (captools.wire.choice)."""

from __future__ import annotations

from collections.abc import Callable

from captools.model.narrow import Narrow
from captools.wire.assemble import assemble
from captools.wire.kernels.session import BUFFER, PART_ROWS, IndexRun, Part, PcapRun
from captools.wire.pcap import FILE_HEADER
from captools.wire.records import Records
from captools.wire.tunnels import VXLAN_PORTS

ReadInto = Callable[[memoryview], int]


def decode_stream(
    head: bytes,
    read_into: ReadInto,
    *,
    vxlan_ports: tuple[int, ...] = VXLAN_PORTS,
    buffer: int = BUFFER,
    part_rows: int = PART_ROWS,
) -> Narrow:
    """Decode a pcap whose 24 bytes ``head`` were read, and whose rest ``read_into`` delivers (0 at the end)."""
    run = PcapRun(head, vxlan_ports=vxlan_ports, buffer=buffer, part_rows=part_rows)
    parts: list[Part] = []
    while count := read_into(run.space()):
        parts += run.filled(count)
    last = run.finish()
    if last is not None:
        parts.append(last)
    pairs = [(part.packets, part.sides) for part in parts]
    return assemble(pairs, run.common.lane_records(), (run.linktype,), run.damage(), run.common.flow_records())


def decode_bytes(data: bytes | bytearray | memoryview, records: Records | None = None) -> Narrow:
    """Decode a capture held in memory: a pcap, or any file whose ``records`` were indexed (pcapng)."""
    if records is not None:
        run = IndexRun(data, records)
        pairs = [(part.packets, part.sides) for part in run.parts()]
        linktypes = [one.linktype for one in records.interfaces] or [0]
        return assemble(pairs, run.common.lane_records(), linktypes, records.damage, run.common.flow_records())
    rest = memoryview(data)[FILE_HEADER:]
    at = 0

    def read_into(space: memoryview) -> int:
        nonlocal at
        count = min(len(space), len(rest) - at)
        space[:count] = rest[at : at + count]
        at += count
        return count

    return decode_stream(bytes(data[:FILE_HEADER]), read_into)
