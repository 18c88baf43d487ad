"""Blocks of a pcapng file (draft-ietf-opsawg-pcapng): what they say of the packets that follow them.

Both readers use it: the index of a file in memory (captools.wire.pcapng), and the compiled walk
(captools.wire.kernels.pcapng), which leaves to it every block that is no packet.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from captools.wire.records import Interface

SECTION = 0x0A0D0D0A
INTERFACE = 1
PACKET_OBSOLETE = 2
SIMPLE_PACKET = 3
STATISTICS = 5
ENHANCED_PACKET = 6
MAGIC = struct.pack("<I", SECTION)
MAX_BLOCK = 1 << 26
FRAME = 12  # type and length before the body, length after it

# Bytes of body that a kind of block has at least.
NEED = {SECTION: 16, INTERFACE: 8, ENHANCED_PACKET: 20, PACKET_OBSOLETE: 20, SIMPLE_PACKET: 4, STATISTICS: 12}
_OPT_END, _IF_NAME, _IF_TSRESOL, _IF_FILTER, _IF_TSOFFSET, _ISB_DROP = 0, 2, 9, 11, 14, 5

Packet = tuple[int, int, int, int, int]  # place of its first byte, cap_len, wire_len, ts_ns, interface of the file


@dataclass(frozen=True, slots=True)
class Clock:
    """How an interface's 64-bit stamps become nanoseconds: ``resolution`` as in option if_tsresol."""

    resolution: int = 6
    offset_s: int = 0

    def to_ns(self, ticks: int) -> int:
        """Return nanoseconds since 1970."""
        if self.resolution & 0x80:  # a power of two
            ns = (ticks * 1_000_000_000) >> (self.resolution & 0x7F)
        elif self.resolution <= 9:
            ns = ticks * 10 ** (9 - self.resolution)
        else:
            ns = ticks // 10 ** (self.resolution - 9)
        # Hostile stamps can exceed 64 bits; the row stays, at the end of time.
        return max(min(ns + self.offset_s * 1_000_000_000, (1 << 63) - 1), -(1 << 63))


@dataclass(frozen=True, slots=True)
class Step:
    """One block: how long it is, or what is wrong with it. ``cut``: the bytes end before it does."""

    kind: int = 0
    length: int = 0
    packet: Packet | None = None
    problem: str = ""
    cut: bool = False


@dataclass(slots=True)
class Sections:
    """What the blocks so far said: byte order, and all interfaces of the file with their clocks."""

    order: str = "<"
    base: int = 0  # the first interface of the section at hand
    interfaces: list[Interface] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)

    def copy(self) -> Sections:
        """Return what is known so far, to go on from at another place."""
        return Sections(self.order, self.base, list(self.interfaces), list(self.clocks))

    def step(self, data: memoryview, at: int, end: int) -> Step:
        """Take in the block at ``at`` of ``data``, whose bytes end at ``end``."""
        if at + FRAME > end:
            return Step(problem=": its header is cut", cut=True)
        if bytes(data[at : at + 4]) == MAGIC:
            self.order = "<" if bytes(data[at + 8 : at + 12]) == b"\x4d\x3c\x2b\x1a" else ">"
        kind, length = struct.unpack_from(self.order + "II", data, at)
        if length < FRAME or length % 4 or length > MAX_BLOCK:
            return Step(kind, problem=f" claims the impossible length {length:,}")
        if at + length > end:
            return Step(kind, problem=f" claims {length:,} bytes, {end - at:,} remain", cut=True)
        (again,) = struct.unpack_from(self.order + "I", data, at + length - 4)
        if again != length:
            return Step(kind, problem=f": its length is {length:,} at its beginning and {again:,} at its end")
        return self._body(kind, length, data, at + 8, at + length - 4)

    def _body(self, kind: int, length: int, data: memoryview, body: int, end: int) -> Step:
        if end - body < NEED.get(kind, 0):
            return Step(kind, problem=": too short for its kind")
        if kind == SECTION:
            self.base = len(self.interfaces)
        elif kind == INTERFACE:
            self._interface(data, body, end)
        elif kind == STATISTICS:
            self._statistics(data, body, end)
        elif kind in (ENHANCED_PACKET, PACKET_OBSOLETE, SIMPLE_PACKET):
            packet = self._packet(kind, data, body, end)
            return Step(kind, problem=packet) if isinstance(packet, str) else Step(kind, length, packet)
        return Step(kind, length)  # name resolution, secrets and custom blocks say nothing of packets

    def _packet(self, kind: int, data: memoryview, body: int, end: int) -> Packet | str:
        """Return the packet, or what is wrong with it."""
        high = low = 0
        if kind == ENHANCED_PACKET:
            index, high, low, cap_len, wire_len = struct.unpack_from(self.order + "IIIII", data, body)
            start = body + 20
        elif kind == PACKET_OBSOLETE:
            index, _drops, high, low, cap_len, wire_len = struct.unpack_from(self.order + "HHIIII", data, body)
            start = body + 20
        else:
            (wire_len,) = struct.unpack_from(self.order + "I", data, body)
            index, start = 0, body + 4
            snaplen = self.interfaces[self.base].snaplen if self.base < len(self.interfaces) else 0
            cap_len = min(wire_len, snaplen or wire_len, end - start)
        index += self.base
        if index >= len(self.interfaces):
            return f": a packet of interface {index - self.base}, which no block describes"
        if start + cap_len > end:
            return f": a packet claims {cap_len:,} bytes, its block holds {end - start:,}"
        ts_ns = self.clocks[index].to_ns(high << 32 | low) if kind != SIMPLE_PACKET else 0
        return start, cap_len, wire_len, ts_ns, index

    def _interface(self, data: memoryview, body: int, end: int) -> None:
        linktype, _reserved, snaplen = struct.unpack_from(self.order + "HHI", data, body)
        resolution, offset_s, name, text = 6, 0, "", ""
        for code, value in self._options(data, body + 8, end):
            if code == _IF_NAME:
                name = value.decode("utf-8", "replace").rstrip("\0")
            elif code == _IF_TSRESOL and value:
                resolution = value[0]
            elif code == _IF_FILTER and value:
                text = value[1:].decode("utf-8", "replace").rstrip("\0")
            elif code == _IF_TSOFFSET and len(value) == 8:
                (offset_s,) = struct.unpack(self.order + "q", value)
        self.interfaces.append(Interface(linktype=linktype, snaplen=snaplen, name=name, filter=text))
        self.clocks.append(Clock(resolution, offset_s))

    def _statistics(self, data: memoryview, body: int, end: int) -> None:
        (index,) = struct.unpack_from(self.order + "I", data, body)
        index += self.base
        if index >= len(self.interfaces):
            return
        for code, value in self._options(data, body + 12, end):
            if code == _ISB_DROP and len(value) == 8:
                (dropped,) = struct.unpack(self.order + "Q", value)
                self.interfaces[index] = replace(self.interfaces[index], dropped=dropped)

    def _options(self, data: memoryview, at: int, end: int) -> Iterator[tuple[int, bytes]]:
        while at + 4 <= end:
            code, length = struct.unpack_from(self.order + "HH", data, at)
            if code == _OPT_END or at + 4 + length > end:
                return
            yield code, bytes(data[at + 4 : at + 4 + length])
            at += 4 + length + (-length % 4)


def damage_at(at: int, step: Step) -> str:
    """Say what is wrong with the block at byte ``at`` of the file."""
    return f"block at byte {at:,}{step.problem}"
