"""The controller's half of the agent's frames (the agent's half, with the layout, is captools/agent/frames.py).

Nobody imports the agent, because it runs on the node alone; so these few names stand twice, and a test holds
the two together.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

MAGIC = b"\ncaptools-agent/2\n"
HEADER = struct.Struct(">cHI")
MAX_PAYLOAD = 32 * 1024 * 1024
# What a login shell may print before the agent speaks.
MAX_BANNER = 256 * 1024

COMMAND, HELLO, FACTS, PEERS, CLOCK, LIST, SNAP = b"C", b"H", b"F", b"N", b"K", b"L", b"P"
READY, EXIT, STATE, DATA, SEGMENT, OOPS, BYE = b"R", b"X", b"S", b"D", b"G", b"O", b"B"
KINDS = frozenset((HELLO, FACTS, PEERS, CLOCK, LIST, SNAP, READY, EXIT, STATE, DATA, SEGMENT, OOPS, BYE))

PIECE = struct.Struct(">BBQI")  # stream code, codec, offset, length before compression
STREAMS = ("data", "text", "said")
RAW, ZLIB, ZSTD = 0, 1, 2
MAX_PIECE = 4 * 1024 * 1024  # an agent sends at most 1 MiB

Frame = tuple[bytes, int, bytes]


class NotOurStream(Exception):
    """The bytes are not what an agent sends; the text says what they look like."""


class Piece(NamedTuple):
    """Bytes of one stream and where in it they stand."""

    stream: str
    offset: int
    data: bytes


class Unpacker:
    """Bytes in, frames out; skips a login banner first. Pure. Raises NotOurStream."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.greeted = False

    @property
    def banner(self) -> bytes:
        """What came so far instead of the agent's greeting."""
        return b"" if self.greeted else bytes(self._buffer)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes as they come and give every frame that is complete."""
        self._buffer += data
        if not self.greeted and not self._greet():
            return
        offset, size, view = 0, len(self._buffer), memoryview(self._buffer)
        try:
            while size - offset >= HEADER.size:
                kind, channel, length = HEADER.unpack_from(view, offset)
                if kind not in KINDS or length > MAX_PAYLOAD:
                    raise NotOurStream(f"frame of kind {kind!r} and {length:,} bytes")
                end = offset + HEADER.size + length
                if end > size:
                    break
                yield kind, channel, bytes(view[offset + HEADER.size : end])
                offset = end
        finally:
            view.release()
            del self._buffer[:offset]

    def _greet(self) -> bool:
        """Drop everything up to the greeting; tell whether it has come."""
        found = self._buffer.find(MAGIC)
        if found < 0:
            if len(self._buffer) > MAX_BANNER:
                raise NotOurStream(f"{len(self._buffer):,} bytes of other output before the agent's greeting")
            return False
        del self._buffer[: found + len(MAGIC)]
        self.greeted = True
        return True


def command(do: str, **details: Any) -> bytes:
    """Return a command frame for the agent."""
    payload = json.dumps({"do": do, **details}).encode()
    return HEADER.pack(COMMAND, 0, len(payload)) + payload


def document(payload: bytes) -> dict[str, Any]:
    """Read a JSON payload; raise NotOurStream where it is none."""
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise NotOurStream(f"a report that is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise NotOurStream("a report that is no JSON object")
    return found


def piece(payload: bytes) -> Piece:
    """Read a DATA payload and unpack what is compressed, never to more than it claims; NotOurStream where it lies."""
    if len(payload) < PIECE.size:
        raise NotOurStream(f"a piece of {len(payload)} bytes")
    code, codec, offset, length = PIECE.unpack_from(payload)
    if code >= len(STREAMS) or length > MAX_PIECE or len(payload) > 2 * MAX_PIECE:
        raise NotOurStream(f"a piece of stream {code} that claims {length:,} bytes")
    data = payload[PIECE.size :]
    if codec == ZLIB:
        data = _inflate(data, length)
    elif codec == ZSTD:
        data = _unzstd(data, length)
    elif codec != RAW:
        raise NotOurStream(f"a piece packed by method {codec}")
    if len(data) != length:
        raise NotOurStream(f"a piece of {len(data):,} bytes that claims {length:,}")
    return Piece(STREAMS[code], offset, data)


def _inflate(data: bytes, length: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, length + 1)
    except zlib.error as error:
        raise NotOurStream(f"a piece that does not unpack ({error})") from error


def _unzstd(data: bytes, length: int) -> bytes:
    import pyarrow as pa

    try:
        unpacked = pa.decompress(data, decompressed_size=length, codec="zstd", asbytes=True)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise NotOurStream(f"a piece that does not unpack ({error})") from error
    return bytes(unpacked)
