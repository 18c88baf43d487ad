"""A capture that is still being written: bytes in as they come, tables of the new packets out.

Each piece is decoded by the numpy decoder. What would need later packets is read from each packet by itself: a head
that goes on in the next segment stays incomplete, and a WireGuard message that only a handshake could prove counts as
one where both come in the same piece.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.model.packets import PACKETS
from captools.wire import blocks, pcap
from captools.wire.blocks import Packet, Sections
from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.dns import dns_messages
from captools.wire.http import http_heads
from captools.wire.index import no_capture
from captools.wire.pcap import FILE_HEADER, MAGICS, read_header, whole_records
from captools.wire.pcapng import first_block_damaged
from captools.wire.records import Interface, Records
from captools.wire.tls import tls_hellos
from captools.wire.tunnels import VXLAN_PORTS

NamesOf = Callable[[tuple[Interface, ...]], Naming]  # what the rows are called, given the interfaces so far
_FRAME, _IFINDEX = PACKETS.get_field_index("frame"), PACKETS.get_field_index("ifindex")


@dataclass(frozen=True, slots=True)
class Arrived:
    """The packets of one piece: their table (schema PACKETS), and where their bytes are."""

    packets: pa.Table
    records: Records
    view: BytesView

    def heads(self, kind: str) -> pa.Table:
        """Return the table of payloads called ``kind`` (http, tls or dns), each packet read by itself."""
        read = {"http": http_heads, "tls": tls_hellos, "dns": dns_messages}[kind]
        alone = pa.array(np.arange(len(self.packets)), pa.uint32())  # nothing belongs to the stream of another packet
        return read(self.view, self.records, self.packets.set_column(_IFINDEX, "ifindex", alone))


class Follower:
    """Reads one growing file. ``ended``: it is damaged, so that whatever comes cannot be read."""

    def __init__(self, where: str, naming: NamesOf, vxlan_ports: tuple[int, ...] = VXLAN_PORTS) -> None:
        self._where, self._naming, self._ports = where, naming, vxlan_ports
        self._data = bytearray()
        self._walk: _Walk | None = None
        self._before = 0  # where in the file the first byte of ``_data`` lies
        self.frames = 0
        self.ended = False

    def feed(self, data: bytes) -> Arrived | None:
        """Take the next bytes; return the packets that are whole now, None where there are none.

        A record that is not whole waits. MalformedCapture where the file is no capture, or not even its first bytes
        can be read.
        """
        if self.ended:
            return None
        self._data += data
        if self._walk is None:
            self._walk = self._begin()
            if self._walk is None:
                return None
        packets, done, self.ended = self._walk.whole(self._data)
        view = BytesView(self._data[:done])
        del self._data[:done]
        self._before += done
        if self.ended and not self._before:
            self.damage()  # raises
        return self._decoded(view, packets, self._walk.interfaces) if packets else None

    def damage(self) -> str:
        """Say what is wrong with the file if it ends here; the empty string where nothing is.

        MalformedCapture where it is no capture, or so short that not even its beginning is one.
        """
        if self._walk is None:
            if bytes(self._data[:4]) in MAGICS:
                read_header(self._data, self._where)
            raise no_capture(bytes(self._data[:64]), self._where)
        if not self._data:
            return ""
        damage = self._walk.damage(self._data, self._before, self.frames)
        if not self._before:
            raise first_block_damaged(self._where, damage)
        return damage

    def _begin(self) -> _Walk | None:
        """Return how the file is walked, once enough of it is there to tell."""
        magic = bytes(self._data[:4])
        if magic == blocks.MAGIC:
            return _Blocks()
        if len(magic) == 4 and magic not in MAGICS:
            raise no_capture(bytes(self._data[:64]), self._where)
        if len(self._data) < FILE_HEADER:
            return None
        header = read_header(self._data, self._where)
        del self._data[:FILE_HEADER]
        self._before = FILE_HEADER
        return _PcapRecords(header)

    def _decoded(self, view: BytesView, packets: list[Packet], interfaces: tuple[Interface, ...]) -> Arrived:
        table = np.array(packets, np.int64)
        offset, cap_len, wire_len, ts_ns, interface = (column.copy() for column in table.T)
        records = Records(
            offset=offset, cap_len=cap_len, wire_len=wire_len, ts_ns=ts_ns, interface=interface, interfaces=interfaces
        )
        found = decode(view, records, self._naming(interfaces), vxlan_ports=self._ports)
        found = found.set_column(_FRAME, "frame", pc.add(found["frame"], self.frames))
        self.frames += len(packets)
        return Arrived(found, records, view)


class _Walk(Protocol):
    """How the records of a format follow one another."""

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """The interfaces described so far."""

    def whole(self, data: bytearray) -> tuple[list[Packet], int, bool]:
        """Return the packets that are whole in ``data``, how many bytes they take, and whether damage follows them."""

    def damage(self, data: bytearray, before: int, frames: int) -> str:
        """Say what is wrong with the record that ``data`` begins with, at byte ``before``, after ``frames`` packets."""


class _PcapRecords:
    def __init__(self, header: pcap.Header) -> None:
        self._header = header

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        return (self._header.interface,)

    def whole(self, data: bytearray) -> tuple[list[Packet], int, bool]:
        header = self._header
        records, at = whole_records(data, 0, header)
        found = [
            (place, cap_len, wire_len, seconds * 1_000_000_000 + fraction * header.tick_ns, 0)
            for place, cap_len, wire_len, seconds, fraction in records
        ]
        if at + header.record > len(data):
            return found, at, False
        (claimed,) = struct.unpack_from(header.order + "I", data, at + 8)
        return found, at, claimed > header.largest

    def damage(self, data: bytearray, before: int, frames: int) -> str:
        return pcap.damage_at(self._header, frames + 1, before, data)


class _Blocks:
    def __init__(self) -> None:
        self._sections = Sections()

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        return tuple(self._sections.interfaces)

    def whole(self, data: bytearray) -> tuple[list[Packet], int, bool]:
        found, at = list[Packet](), 0
        with memoryview(data) as view:  # let go of at the end: what is viewed cannot shrink
            while at < len(view):
                step = self._sections.step(view, at, len(view))
                if step.problem:
                    return found, at, not step.cut
                if step.packet is not None:
                    found.append(step.packet)
                at += step.length
        return found, at, False

    def damage(self, data: bytearray, before: int, frames: int) -> str:
        with memoryview(data) as view:
            return blocks.damage_at(before, self._sections.copy().step(view, 0, len(view)))
