"""Make HTTP/2 requests in clear over one connection, all at once, and say what happened, as one line of JSON.

Started as ``http2_client.py ADDRESS PORT HOST PATH...``: one GET per PATH, each on a stream of its own (RFC 9113, with
prior knowledge). Unlike the other programs here it needs a package: hpack.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from typing import Any

from hpack import Decoder, Encoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 4, 6, 8
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
TIMEOUT_S = 10.0


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Return one frame (RFC 9113, section 4.1)."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def asked(host: str, paths: list[str]) -> bytes:
    """Return the preface and one request per path."""
    encoder, data = Encoder(), PREFACE + frame(SETTINGS, 0, 0, b"")
    for number, path in enumerate(paths):
        fields = [(":method", "GET"), (":scheme", "http"), (":authority", host), (":path", path), ("accept", "*/*")]
        data += frame(HEADERS, END_STREAM | END_HEADERS, 2 * number + 1, encoder.encode(fields))
    return data


class Answers:
    """The answers as they come, one per stream."""

    def __init__(self, connection: socket.socket, streams: int) -> None:
        self._connection, self._decoder = connection, Decoder()
        self.found: dict[int, dict[str, Any]] = {2 * number + 1: {"body": b""} for number in range(streams)}

    def read(self) -> None:
        """Read frames until every stream has ended."""
        while any("ended_ns" not in one for one in self.found.values()):
            head = self._bytes(9)
            payload = self._bytes(int.from_bytes(head[:3], "big"))
            self._frame(head[3], head[4], int.from_bytes(head[5:], "big"), payload)

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind in (SETTINGS, PING) and not flags & ACK:
            self._connection.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
        elif kind == HEADERS:
            fields = {str(name): str(value) for name, value in self._decoder.decode(payload)}
            self.found[stream] |= {"status": int(fields[":status"]), "headers": fields}
        elif kind == DATA:
            self.found[stream]["body"] += payload
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.found[stream]["ended_ns"] = time.time_ns()

    def _bytes(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._connection.recv(size - len(data))
            if not part:
                raise ConnectionError("the server closed the connection")
            data += part
        return data


def run(address: str, port: int, host: str, paths: list[str]) -> dict[str, Any]:
    """Connect, make all requests, and return everything known about the connection."""
    started_ns = time.time_ns()
    with socket.create_connection((address, port), TIMEOUT_S) as connection:
        src, sport = connection.getsockname()
        answers = Answers(connection, len(paths))
        connection.sendall(asked(host, paths))
        answers.read()
    exchanges = [
        {
            "method": "GET", "path": path, "status": one["status"], "headers": one["headers"],
            "body": one["body"].decode("utf-8", "replace"), "body_bytes": len(one["body"]), "started_ns": started_ns,
            "ended_ns": one["ended_ns"],
        }
        for path, one in zip(paths, answers.found.values(), strict=True)
    ]  # fmt: skip
    return {
        "src": src, "sport": sport, "dst": address, "dport": port, "error": "", "exchanges": exchanges,
        "started_ns": started_ns, "ended_ns": time.time_ns(),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:])))
