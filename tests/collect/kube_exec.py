"""Serves ``kubectl exec``: a real process whose streams go over WebSocket (v5.channel.k8s.io) or SPDY/3.1.

Sources: RFC 6455; SPDY draft 3.1, section 2; Kubernetes' remotecommand protocols v4 and v5 (channel numbers, the
status that ends a stream, the close message of v5).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import subprocess
import threading
import zlib
from collections.abc import Iterator, Sequence
from typing import IO, Protocol

STDIN, STDOUT, STDERR, ERROR = 0, 1, 2, 3
CLOSE_CHANNEL = 255  # v5: the byte after it names the channel that ended
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class Wire(Protocol):
    """One of the two protocols, seen as channels."""

    def receive(self) -> Iterator[tuple[int, bytes | None]]:
        """Give (channel, bytes) as they come; None for the end of a channel."""

    def send(self, channel: int, data: bytes) -> None:
        """Send bytes on a channel."""

    def finish(self, status: dict[str, object]) -> None:
        """Send how the process ended, and say goodbye."""


def _exactly(source: IO[bytes], count: int) -> bytes:
    data = source.read(count)
    if data is None or len(data) < count:
        raise ConnectionError("the other side has gone")
    return data


class WebSocket:
    """RFC 6455, server side, binary messages whose first byte is the channel."""

    def __init__(self, connection: socket.socket, source: IO[bytes]) -> None:
        self.connection, self.source = connection, source
        self.lock = threading.Lock()

    @staticmethod
    def accept(key: str) -> str:
        """Return the answer to a client's Sec-WebSocket-Key."""
        return base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()

    def _frame(self, opcode: int, data: bytes) -> None:
        size = len(data)
        head = bytes([0x80 | opcode])
        if size < 126:
            head += bytes([size])
        elif size < 65536:
            head += struct.pack(">BH", 126, size)
        else:
            head += struct.pack(">BQ", 127, size)
        with self.lock:
            self.connection.sendall(head + data)

    def receive(self) -> Iterator[tuple[int, bytes | None]]:
        message = b""
        while True:
            first, second = _exactly(self.source, 2)
            size = second & 0x7F
            if size >= 126:
                size = struct.unpack(">H" if size == 126 else ">Q", _exactly(self.source, 2 if size == 126 else 8))[0]
            mask = _exactly(self.source, 4)
            body = _exactly(self.source, size)
            key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
            body = (int.from_bytes(body, "big") ^ key).to_bytes(size, "big")
            opcode = first & 0x0F
            if opcode == 8:
                return
            if opcode == 9:
                self._frame(10, body)
            if opcode in (0, 1, 2):
                message += body
                if first & 0x80:
                    if message[:1] == bytes([CLOSE_CHANNEL]):
                        yield message[1], None
                    elif message:
                        yield message[0], message[1:]
                    message = b""

    def send(self, channel: int, data: bytes) -> None:
        self._frame(2, bytes([channel]) + data)

    def finish(self, status: dict[str, object]) -> None:
        self.send(ERROR, json.dumps(status).encode())
        self._frame(8, struct.pack(">H", 1000))


class Spdy:
    """SPDY/3.1, server side.

    Which stream is which is known by order alone: the client opens error, stdin, stdout, stderr, as far as it
    asked for them. So no header is ever read, and the empty ones sent back need no shared dictionary.
    """

    def __init__(self, connection: socket.socket, source: IO[bytes], wanted: Sequence[int]) -> None:
        self.connection, self.source = connection, source
        self.order = [ERROR, *wanted]
        self.streams: dict[int, int] = {}  # SPDY stream -> channel
        self.lock = threading.Lock()
        self.deflate = zlib.compressobj()
        self.complete = threading.Event()

    def _control(self, kind: int, data: bytes) -> None:
        self.connection.sendall(struct.pack(">HHI", 0x8003, kind, len(data)) + data)

    def _data(self, channel: int, data: bytes, last: bool = False) -> None:
        stream = next(number for number, name in self.streams.items() if name == channel)
        with self.lock:
            self.connection.sendall(struct.pack(">II", stream, last << 24 | len(data)) + data)

    def receive(self) -> Iterator[tuple[int, bytes | None]]:
        while True:
            first, second = struct.unpack(">II", _exactly(self.source, 8))
            body, last = _exactly(self.source, second & 0xFFFFFF), bool(second >> 24 & 1)
            kind = first & 0xFFFF if first >> 31 else 0
            if not first >> 31:
                channel = self.streams.get(first, ERROR)
                if body:
                    yield channel, body
                if last:
                    yield channel, None
            elif kind == 1:
                number = struct.unpack(">I", body[:4])[0] & 0x7FFFFFFF
                self.streams[number] = self.order[len(self.streams)]
                with self.lock:
                    empty = self.deflate.compress(struct.pack(">I", 0)) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
                    self._control(2, struct.pack(">I", number) + empty)
                if len(self.streams) == len(self.order):
                    self.complete.set()
                if last:  # the client half-closes what it only reads
                    yield self.streams[number], None
            elif kind == 6:
                with self.lock:
                    self._control(6, body)
            elif kind == 7:
                return

    def send(self, channel: int, data: bytes) -> None:
        self.complete.wait(10)
        self._data(channel, data)

    def finish(self, status: dict[str, object]) -> None:
        self.complete.wait(10)
        for channel in self.order[1:]:
            self._data(channel, b"", last=True)
        self._data(ERROR, json.dumps(status).encode(), last=True)


def status_of(code: int) -> dict[str, object]:
    """Return the status that ends an exec stream."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }  # fmt: skip


def _drain(wire: Wire) -> None:
    with contextlib.suppress(OSError, ValueError):
        for _ in wire.receive():
            pass


def serve(wire: Wire, argv: Sequence[str], *, stdin: bool, env: dict[str, str] | None = None) -> None:
    """Run ``argv`` and carry its streams until it ends or the client goes. A process nobody hears lives on."""
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=env,
        )
    except OSError as error:
        threading.Thread(target=_drain, args=(wire,), daemon=True).start()
        # As a container runtime says it.
        words = f'exec failed: unable to start container process: exec: "{argv[0]}": {error.strerror}'
        wire.finish({"metadata": {}, "status": "Failure", "reason": "InternalError", "message": words, "code": 500})
        return
    assert process.stdout and process.stderr

    def pump(source: IO[bytes], channel: int) -> None:
        with contextlib.suppress(OSError), source:
            while data := source.read(65536):
                wire.send(channel, data)

    pumps = [
        threading.Thread(target=pump, args=(source, channel), daemon=True)
        for source, channel in ((process.stdout, STDOUT), (process.stderr, STDERR))
    ]

    def feed() -> None:
        with contextlib.suppress(OSError, ValueError):  # ValueError: closed under our hands at the end
            for channel, data in wire.receive():
                if channel != STDIN or process.stdin is None:
                    continue
                if data is None:
                    process.stdin.close()
                else:
                    view = memoryview(data)
                    with contextlib.suppress(OSError, ValueError):
                        while view:
                            view = view[process.stdin.write(view) :]
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()

    for thread in (*pumps, threading.Thread(target=feed, daemon=True)):
        thread.start()
    code = process.wait()
    for thread in pumps:
        thread.join(30)
    with contextlib.suppress(OSError):
        wire.finish(status_of(code if code >= 0 else 128 - code))
