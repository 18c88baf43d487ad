"""pcapng files: several sections and interfaces, per-interface clock resolution (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from captools.model.errors import MalformedCapture
from captools.wire.records import Interface, Records, empty

SECTION = 0x0A0D0D0A
INTERFACE = 1
PACKET_OBSOLETE = 2
SIMPLE_PACKET = 3
STATISTICS = 5
ENHANCED_PACKET = 6
MAGIC = struct.pack("<I", SECTION)
MAX_BLOCK = 1 << 26

_OPT_END, _IF_NAME, _IF_TSRESOL, _IF_FILTER, _IF_TSOFFSET, _ISB_DROP = 0, 2, 9, 11, 14, 5


@dataclass(slots=True)
class _Clock:
    """How an interface's 64-bit stamps become nanoseconds."""

    resolution: int = 6
    offset_s: int = 0

    def to_ns(self, ticks: int) -> int:
        if self.resolution & 0x80:  # a power of two
            ns = (ticks * 1_000_000_000) >> (self.resolution & 0x7F)
        elif self.resolution <= 9:
            ns = ticks * 10 ** (9 - self.resolution)
        else:
            ns = ticks // 10 ** (self.resolution - 9)
        # Hostile stamps can exceed 64 bits; the row stays, at the end of time.
        return max(min(ns + self.offset_s * 1_000_000_000, (1 << 63) - 1), -(1 << 63))


@dataclass(slots=True)
class _Walk:
    data: memoryview
    order: str = "<"
    base: int = 0  # index of this section's first interface
    interfaces: list[Interface] = field(default_factory=list)
    clocks: list[_Clock] = field(default_factory=list)
    rows: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    damage: str = ""


def read_pcapng(data: bytes | bytearray | memoryview, where: str) -> Records:
    """Return the index of a pcapng file; raise MalformedCapture where not even its first block is whole."""
    walk = _Walk(memoryview(data))
    at, size = 0, len(data)
    while at < size:
        if at + 12 > size:
            walk.damage = f"block at byte {at:,}: its header is cut"
            break
        if bytes(data[at : at + 4]) == MAGIC:
            walk.order = "<" if bytes(data[at + 8 : at + 12]) == b"\x4d\x3c\x2b\x1a" else ">"
        kind, length = struct.unpack_from(walk.order + "II", data, at)
        if length < 12 or length % 4 or length > MAX_BLOCK:
            walk.damage = f"block at byte {at:,} claims the impossible length {length:,}"
            break
        if at + length > size:
            walk.damage = f"block at byte {at:,} claims {length:,} bytes, {size - at:,} remain"
            break
        problem = _block(walk, kind, at + 8, at + length - 4)
        if problem:
            walk.damage = f"block at byte {at:,}: {problem}"
            break
        at += length
    if at == 0:
        raise MalformedCapture(f"{where}: {walk.damage}", hint="the file was probably cut while it was copied")
    if not walk.rows:
        return empty(tuple(walk.interfaces), walk.damage)
    table = np.array(walk.rows, np.int64)
    return Records(
        offset=table[:, 0].copy(),
        cap_len=table[:, 1].copy(),
        wire_len=table[:, 2].copy(),
        ts_ns=table[:, 3].copy(),
        interface=table[:, 4].copy(),
        interfaces=tuple(walk.interfaces),
        damage=walk.damage,
    )


def _block(walk: _Walk, kind: int, body: int, end: int) -> str:
    """Take one block into ``walk``; return what is wrong with it, or the empty string."""
    if kind == SECTION:
        walk.base = len(walk.interfaces)
        return ""
    need = {INTERFACE: 8, ENHANCED_PACKET: 20, PACKET_OBSOLETE: 20, SIMPLE_PACKET: 4, STATISTICS: 12}.get(kind)
    if need is None:
        return ""  # name resolution, secrets, custom blocks: not packets
    if end - body < need:
        return "too short for its kind"
    if kind == INTERFACE:
        _interface(walk, body, end)
        return ""
    unpack = walk.order
    if kind == STATISTICS:
        return _statistics(walk, body, end)
    high = low = 0
    if kind == ENHANCED_PACKET:
        index, high, low, cap_len, wire_len = struct.unpack_from(unpack + "IIIII", walk.data, body)
        start = body + 20
    elif kind == PACKET_OBSOLETE:
        index, _drops, high, low, cap_len, wire_len = struct.unpack_from(unpack + "HHIIII", walk.data, body)
        start = body + 20
    else:
        (wire_len,) = struct.unpack_from(unpack + "I", walk.data, body)
        index, start = 0, body + 4
        snaplen = walk.interfaces[walk.base].snaplen if walk.base < len(walk.interfaces) else 0
        cap_len = min(wire_len, snaplen or wire_len, end - start)
    index += walk.base
    if index >= len(walk.interfaces):
        return f"a packet of interface {index - walk.base}, which no block describes"
    if start + cap_len > end:
        return f"a packet claims {cap_len:,} bytes, its block holds {end - start:,}"
    ts_ns = walk.clocks[index].to_ns(high << 32 | low) if kind != SIMPLE_PACKET else 0
    walk.rows.append((start, cap_len, wire_len, ts_ns, index))
    return ""


def _interface(walk: _Walk, body: int, end: int) -> None:
    linktype, _reserved, snaplen = struct.unpack_from(walk.order + "HHI", walk.data, body)
    clock, name, text = _Clock(), "", ""
    for code, value in _options(walk, body + 8, end):
        if code == _IF_NAME:
            name = value.decode("utf-8", "replace").rstrip("\0")
        elif code == _IF_TSRESOL and value:
            clock.resolution = value[0]
        elif code == _IF_FILTER and value:
            text = value[1:].decode("utf-8", "replace").rstrip("\0")
        elif code == _IF_TSOFFSET and len(value) == 8:
            (clock.offset_s,) = struct.unpack(walk.order + "q", value)
    walk.interfaces.append(Interface(linktype=linktype, snaplen=snaplen, name=name, filter=text))
    walk.clocks.append(clock)


def _statistics(walk: _Walk, body: int, end: int) -> str:
    (index,) = struct.unpack_from(walk.order + "I", walk.data, body)
    index += walk.base
    if index >= len(walk.interfaces):
        return ""
    for code, value in _options(walk, body + 12, end):
        if code == _ISB_DROP and len(value) == 8:
            (dropped,) = struct.unpack(walk.order + "Q", value)
            walk.interfaces[index] = replace(walk.interfaces[index], dropped=dropped)
    return ""


def _options(walk: _Walk, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= end:
        code, length = struct.unpack_from(walk.order + "HH", walk.data, at)
        if code == _OPT_END or at + 4 + length > end:
            return
        yield code, bytes(walk.data[at + 4 : at + 4 + length])
        at += 4 + length + (-length % 4)
