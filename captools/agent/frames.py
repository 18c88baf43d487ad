"""The frames between a node and its controller: kind, channel, length, payload.

Layout, big endian: one byte of kind, two bytes of channel, four bytes of payload length, payload. Channel 0
is the agent itself; every tool has a channel of its own. Everything is JSON but DATA.
"""

from __future__ import annotations

import json
import struct
from typing import Any, Dict, List, Tuple

# A login shell may print a banner before we run: the controller skips everything up to this line.
MAGIC = b"\ncaptools-agent/2\n"

HEADER = struct.Struct(">cHI")
# Longest payload either side accepts. A larger length means that the stream is not ours.
MAX_PAYLOAD = 32 * 1024 * 1024

# controller to agent
COMMAND = b"C"  # JSON {"do": …}
# agent to controller
HELLO = b"H"  # the node's facts
FACTS = b"F"  # facts asked for later
PEERS = b"N"  # which process or pod owns which interface
CLOCK = b"K"  # {"id", "time_ns"}
LIST = b"L"  # the captures that lie on this node
SNAP = b"P"  # where the last minutes begin and end
READY = b"R"  # {"time_ns"}: the tool is listening
EXIT = b"X"  # {"code", "time_ns", "signalled_ns", "caught_up_ns", "ends"}: all its output lies in the spool
STATE = b"S"  # how the attached capture stands
DATA = b"D"  # bytes of a stream, behind DATA_HEADER
SEGMENT = b"G"  # {"stream", "start", "length", "sha256"}: this much of a stream has been sent
OOPS = b"O"  # {"do", "capture", "error", "code"}: a command that could not be carried out
BYE = b"B"  # {"reason"}: nothing else follows

# A tool's three streams; their place in this tuple is their code in DATA_HEADER.
STREAMS = ("data", "text", "said")  # packets (pcap), text beside them (ngrep), stderr
RAW, ZLIB, ZSTD = 0, 1, 2
DATA_HEADER = struct.Struct(">BBQI")  # stream code, codec, offset in the stream, length before compression
MAX_RAW = 1024 * 1024  # of one DATA


def header(kind: bytes, channel: int, length: int) -> bytes:
    """Return the seven bytes in front of a payload."""
    return HEADER.pack(kind, channel, length)


def pack_json(kind: bytes, channel: int, document: Dict[str, Any]) -> bytes:
    """Return a whole frame that carries ``document``; ValueError where it is too long for one."""
    payload = json.dumps(document).encode()
    if len(payload) > MAX_PAYLOAD:
        raise ValueError("an answer of %d bytes does not fit into a frame" % len(payload))
    return header(kind, channel, len(payload)) + payload


def data_header(channel: int, stream: str, codec: int, offset: int, raw_length: int, length: int) -> bytes:
    """Return what stands in front of ``length`` bytes of a stream (``raw_length`` before compression)."""
    return header(DATA, channel, DATA_HEADER.size + length) + DATA_HEADER.pack(
        STREAMS.index(stream), codec, offset, raw_length
    )


class Unpacker:
    """Bytes in, frames out; pure. Raises ValueError where a length cannot be right."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> List[Tuple[bytes, int, bytes]]:
        """Take bytes as they come and return every (kind, channel, payload) that is complete."""
        self._buffer += data
        frames = []
        offset = 0
        while len(self._buffer) - offset >= HEADER.size:
            kind, channel, length = HEADER.unpack_from(self._buffer, offset)
            if length > MAX_PAYLOAD:
                raise ValueError("frame of %d bytes: not a captools stream" % length)
            end = offset + HEADER.size + length
            if end > len(self._buffer):
                break
            frames.append((kind, channel, bytes(self._buffer[offset + HEADER.size : end])))
            offset = end
        del self._buffer[:offset]
        return frames
