"""Change a capture file so that it stays one: its records move, swap and change, their headers are written anew.

Plain byte changes nearly always hit a length first, and all behind it is lost.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

import atheris

from captures import build
from tests.fuzz.frames import stock

# Bytes that mean something to a header: versions, protocols, option kinds, flags.
TELLING = bytes.fromhex("0001040506081129 2b2c2f32333a3c45 474f6081848688ff")
_LIES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 262_144, 262_145)
_LINKTYPES = (0, 1, 12, 14, 101, 108, 113, 147, 228, 229, 276)
_STOCK = stock()
_FILE, _RECORD = 24, 16


@dataclass(frozen=True, slots=True)
class Record:
    """One packet: everything before its frame but the captured length, and the frame. ``claims`` lies about it."""

    before: bytes
    frame: bytes
    wire_len: int
    claims: int | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A pcap or pcapng file in pieces; what is no packet is a piece of bytes."""

    head: bytes
    pieces: list[Record | bytes]
    order: str
    ng: bool


def split(data: bytes) -> File | None:
    """Return the pieces of a capture; None where it is none."""
    if data[:4] == b"\n\r\r\n" and len(data) >= 12:
        return _split_pcapng(data, "<" if data[8:12] == b"\x4d\x3c\x2b\x1a" else ">")
    if len(data) < _FILE or data[:4] not in (
        b"\xd4\xc3\xb2\xa1",
        b"\x4d\x3c\xb2\xa1",
        b"\xa1\xb2\xc3\xd4",
        b"\xa1\xb2\x3c\x4d",
    ):
        return None
    order = "<" if data[0] in (0xD4, 0x4D) else ">"
    pieces: list[Record | bytes] = []
    at = _FILE
    while at + _RECORD <= len(data):
        length, wire_len = struct.unpack_from(order + "II", data, at + 8)
        if at + _RECORD + length > len(data):
            break
        pieces.append(Record(data[at : at + 8], data[at + _RECORD : at + _RECORD + length], wire_len))
        at += _RECORD + length
    return File(data[:_FILE], [*pieces, data[at:]] if data[at:] else pieces, order, False)


def _split_pcapng(data: bytes, order: str) -> File:
    pieces: list[Record | bytes] = []
    at = 0
    while at + 12 <= len(data):
        kind, length = struct.unpack_from(order + "II", data, at)
        if not 12 <= length <= len(data) - at or length % 4:
            break
        block = data[at : at + length]
        held = struct.unpack_from(order + "I", block, 20)[0] if kind == 6 and length >= 32 else length
        if held <= length - 32:
            (wire_len,) = struct.unpack_from(order + "I", block, 24)
            pieces.append(Record(block[8:20], block[28 : 28 + held], wire_len))
        else:
            pieces.append(block)
        at += length
    return File(b"", [*pieces, data[at:]] if data[at:] else pieces, order, True)


def join(file: File) -> bytes:
    """Return the file of these pieces."""
    out = [file.head]
    for piece in file.pieces:
        if isinstance(piece, bytes):
            out.append(piece)
            continue
        held = len(piece.frame) if piece.claims is None else piece.claims
        head = piece.before + struct.pack(file.order + "II", held, piece.wire_len)
        if file.ng:
            body = head + piece.frame + b"\0" * (-len(piece.frame) % 4)
            size = struct.pack(file.order + "I", len(body) + 12)
            out.append(struct.pack(file.order + "I", 6) + size + body + size)
        else:
            out.append(head + piece.frame)
    return b"".join(out)


def mutate(data: bytes, size: int, rng: random.Random) -> bytes:
    """Return another capture of at most ``size`` bytes."""
    file = split(data) if rng.random() < 0.9 else None
    if file is None:
        return atheris.Mutate(data, size)
    for _ in range(rng.choice((1, 1, 2, 4))):
        file = rng.choice(_WAYS)(file, rng)
    return join(file)[:size]


def changed_frame(frame: bytes, rng: random.Random) -> bytes:
    """Return the frame with some of its bytes changed, or cut, or inside a tunnel."""
    way = rng.random()
    if way < 0.1:
        return frame[: rng.randint(0, len(frame))]
    if way < 0.2:
        inner = build.udp(build.vxlan(frame, vni=rng.getrandbits(24)), sport=1, dport=8_472)
        return build.ethernet(build.ipv4(inner, src="10.1.0.1", dst="10.1.0.2", proto=17))
    if way < 0.4 or not frame:
        return atheris.Mutate(frame, len(frame) + 16)
    out = bytearray(frame)
    for _ in range(rng.randint(1, 4)):
        out[rng.randrange(min(len(out), 120))] = rng.choice(TELLING) if rng.random() < 0.5 else rng.getrandbits(8)
    return bytes(out)


def _records(file: File) -> list[int]:
    return [at for at, piece in enumerate(file.pieces) if isinstance(piece, Record)]


def _each(change: Callable[[Record, random.Random], Record], share: float) -> Callable[[File, random.Random], File]:
    """Return a way that changes a share of the records, at least one."""

    def way(file: File, rng: random.Random) -> File:
        some = _records(file)
        if not some:
            return file
        pieces = list(file.pieces)
        for at in {rng.choice(some), *(at for at in some if rng.random() < share)}:
            piece = pieces[at]
            assert isinstance(piece, Record)
            pieces[at] = change(piece, rng)
        return replace(file, pieces=pieces)

    return way


def _reframe(record: Record, rng: random.Random) -> Record:
    frame = changed_frame(record.frame, rng)
    return replace(record, frame=frame, wire_len=len(frame) if rng.random() < 0.9 else record.wire_len)


def _restock(record: Record, rng: random.Random) -> Record:
    frame = rng.choice(_STOCK)
    return replace(record, frame=frame, wire_len=len(frame))


def _restamp(record: Record, rng: random.Random) -> Record:
    return replace(record, before=atheris.Mutate(record.before, len(record.before)).ljust(len(record.before), b"\0"))


def _lie(record: Record, rng: random.Random) -> Record:
    if rng.random() < 0.7:
        return replace(record, wire_len=rng.choice(_LIES))
    return replace(record, claims=rng.choice((*_LIES, len(record.frame) + 1, max(len(record.frame) - 1, 0))))


def _move(file: File, rng: random.Random) -> File:
    """Repeat, drop or swap pieces."""
    pieces = list(file.pieces)
    if not pieces:
        return file
    one, other = rng.randrange(len(pieces)), rng.randrange(len(pieces))
    way = rng.randrange(3)
    if way == 0:
        pieces.insert(one, pieces[other])
    elif way == 1:
        del pieces[one]
    else:
        pieces[one], pieces[other] = pieces[other], pieces[one]
    return replace(file, pieces=pieces)


def _rehead(file: File, rng: random.Random) -> File:
    """Change the link type; in pcapng, any block that is no packet."""
    if not file.ng:
        return replace(file, head=file.head[:20] + struct.pack(file.order + "I", rng.choice(_LINKTYPES)))
    pieces = list(file.pieces)
    blocks = [at for at, piece in enumerate(pieces) if isinstance(piece, bytes) and len(piece) > 12]
    if blocks:
        at = rng.choice(blocks)
        block = bytes(pieces[at])  # type: ignore[arg-type]
        body = atheris.Mutate(block[8:-4], len(block))
        body += b"\0" * (-len(body) % 4)
        size = struct.pack(file.order + "I", len(body) + 12)
        pieces[at] = block[:4] + size + body + size
    return replace(file, pieces=pieces)


_WAYS = (
    _each(_reframe, 0.5),
    _each(_reframe, 0.5),
    _each(_restock, 0.1),
    _each(_restamp, 0),
    _each(_lie, 0),
    _move,
    _rehead,
)
