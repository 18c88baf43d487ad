"""The controller's half of the agent's frames (the agent's half, with the layout, is captools/agent/frames.py).

Nobody imports the agent, because it runs on the node alone; so these few names stand twice, and a test holds
the two together.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

MAGIC = b"\ncaptools-agent/1\n"
HEADER = struct.Struct(">cHI")
MAX_PAYLOAD = 8 * 1024 * 1024
# What a login shell may print before the agent speaks.
MAX_BANNER = 256 * 1024

COMMAND, HELLO, DATA, TEXT, ERROR = b"C", b"H", b"D", b"T", b"E"
READY, EXIT, CLOCK, FACTS, BYE = b"R", b"X", b"K", b"F", b"B"
KINDS = frozenset((HELLO, DATA, TEXT, ERROR, READY, EXIT, CLOCK, FACTS, BYE))

Frame = tuple[bytes, int, bytes]


class NotOurStream(Exception):
    """The bytes are not what an agent sends; the text says what they look like."""


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
    except ValueError as error:
        raise NotOurStream(f"a report that is no JSON ({error})") from error
    if not isinstance(found, dict):
        raise NotOurStream("a report that is no JSON object")
    return found
