"""The frames between a node and its controller: kind, channel, length, payload.

Layout, big endian: one byte of kind, two bytes of channel, four bytes of payload length, payload. Channel 0
is the agent itself; every tool has a channel of its own. Commands and reports are JSON, tool output is raw.
"""

from __future__ import annotations

import json
import struct
from typing import Any, Dict, List, Tuple

# A login shell may print a banner before we run: the controller skips everything up to this line.
MAGIC = b"\ncaptools-agent/1\n"

HEADER = struct.Struct(">cHI")
# Longest payload either side accepts. A larger length means that the stream is not ours.
MAX_PAYLOAD = 8 * 1024 * 1024

# controller to agent
COMMAND = b"C"  # JSON: {"do": "start" | "stop" | "poll" | "clock" | "facts" | "bye", …}
# agent to controller
HELLO = b"H"  # JSON: the node's facts
DATA = b"D"  # packets, as the tool wrote them
TEXT = b"T"  # text the tool wrote beside its packets (ngrep)
ERROR = b"E"  # the tool's stderr
READY = b"R"  # JSON {"time_ns"}: the tool is listening
EXIT = b"X"  # JSON {"code", "time_ns", "signalled_ns", "caught_up_ns"}: it ended and all its output was sent
CLOCK = b"K"  # JSON {"id", "time_ns"}
FACTS = b"F"  # JSON: the facts that may have changed meanwhile
BYE = b"B"  # JSON {"reason"}: every tool has ended, nothing else follows


def header(kind: bytes, channel: int, length: int) -> bytes:
    """Return the seven bytes in front of a payload."""
    return HEADER.pack(kind, channel, length)


def pack_json(kind: bytes, channel: int, document: Dict[str, Any]) -> bytes:
    """Return a whole frame that carries ``document``."""
    payload = json.dumps(document).encode()
    return header(kind, channel, len(payload)) + payload


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
