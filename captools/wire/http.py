"""HTTP/1.x heads in single segments: found by a column scan, read by httptools (the grammar of Node.js).

A head that spans segments is found where it starts and marked incomplete.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import httptools
import numpy as np
import pyarrow as pa

from captools.model.packets import HTTP, Proto
from captools.wire.bytesview import BytesView
from captools.wire.records import Records

METHODS = (b"GET ", b"POST", b"PUT ", b"HEAD", b"DELE", b"PATC", b"OPTI", b"CONN", b"TRAC")
_STARTS = np.array([int.from_bytes(word, "big") for word in (*METHODS, b"HTTP")], np.uint64)
_RESPONSE = b"HTTP"
MIN_HEAD = 16  # "GET / HTTP/1.1\r\n"
MAX_HEAD = 65_536


@dataclass(slots=True)
class _Head:
    """One message head, filled by httptools' callbacks."""

    url: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    complete: bool = False
    body: bytes = b""
    ended: bool = False  # the whole message was in this segment
    method: str | None = None
    status: int | None = None
    version: str = ""

    def value(self, name: str) -> str | None:
        """Return the first header called ``name`` (lower case)."""
        return next((value for key, value in self.headers if key == name), None)

    def xff(self) -> list[str]:
        """Return the addresses of all X-Forwarded-For lines, the client's own claim first."""
        joined = ",".join(value for key, value in self.headers if key == "x-forwarded-for")
        return [part.strip() for part in joined.split(",") if part.strip()]


class _Listener:
    """Collects the heads of one segment; a body ends the collecting of its own message only."""

    def __init__(self) -> None:
        self.heads: list[_Head] = []
        self.parser: Any = None

    def on_message_begin(self) -> None:
        self.heads.append(_Head())

    def on_url(self, url: bytes) -> None:
        self.heads[-1].url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.heads[-1].headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        self.heads[-1].body += body

    def on_message_complete(self) -> None:
        self.heads[-1].ended = True

    def on_headers_complete(self) -> None:
        head = self.heads[-1]
        head.complete = True
        head.version = self.parser.get_http_version()
        if isinstance(self.parser, httptools.HttpRequestParser):
            head.method = self.parser.get_method().decode("latin-1")
        else:
            head.status = self.parser.get_status_code()


def read_heads(payload: bytes) -> list[_Head]:
    """Return the HTTP heads in one segment's payload; an empty list where it is not HTTP after all."""
    listener = _Listener()
    response = payload.startswith(_RESPONSE)
    listener.parser = (httptools.HttpResponseParser if response else httptools.HttpRequestParser)(listener)
    # CONNECT and upgrades end HTTP: what was read before stands.
    with suppress(httptools.HttpParserUpgrade, httptools.HttpParserError):
        listener.parser.feed_data(payload[:MAX_HEAD])
    heads = [head for head in listener.heads if head.complete]
    if not heads and listener.heads and b"\r\n\r\n" not in payload and listener.heads[0].headers:
        heads = [_cut(listener.heads[0], payload)]
    return heads


def _cut(head: _Head, payload: bytes) -> _Head:
    """Fill in what the first line of an incomplete head says."""
    first, _, rest = payload.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
    if first.startswith("HTTP/"):
        head.version, head.status = first[5:], int(rest[:3]) if rest[:3].isdigit() else None
    else:
        head.method = first
        head.version = rest.rpartition(" HTTP/")[2]
    return head


def http_heads(view: BytesView, records: Records, packets: pa.Table) -> pa.Table:
    """Return the HTTP table (schema HTTP) of the frames in ``packets``; ``row`` counts within this table."""
    proto = _column(packets, "proto")
    start = _column(packets, "payload_head")
    length = _column(packets, "payload_len")
    rows = np.flatnonzero((proto == Proto.TCP) & (length >= MIN_HEAD))
    rows = rows[np.isin(start[rows].astype(np.uint64) >> np.uint64(32), _STARTS)]
    found: dict[str, list[Any]] = {name: [] for name in HTTP.names}
    offsets = _column(packets, "payload_off")
    points, sources = packets["point"], packets["source"]
    for row in rows.tolist():
        begin = int(records.offset[row]) + int(offsets[row])
        end = min(int(records.offset[row] + records.cap_len[row]), begin + int(length[row]))
        for order, head in enumerate(read_heads(view.bytes[begin:end].tobytes())):
            place = {"source": sources[row].as_py(), "point": points[row].as_py(), "frame": row + 1, "row": row}
            _add(found, head, {**place, "order": order})
    return pa.table(found, schema=HTTP)


def _add(found: dict[str, list[Any]], head: _Head, place: dict[str, Any]) -> None:
    length = head.value("content-length")
    url = head.url.decode("latin-1")
    values: dict[str, Any] = {
        **place,
        "kind": "response" if head.status is not None else "request",
        "method": head.method,
        "path": url if head.status is None else None,
        "host": head.value("host"),
        "version": head.version,
        "status": head.status,
        "xff": head.xff(),
        "request_id": head.value("x-request-id"),
        "content_length": int(length) if length and length.isdigit() and len(length) < 19 else None,
        "body_hash": _hash(head.body) if head.ended and head.body else None,
        "headers": head.headers,
        "complete": head.complete,
    }
    for name, value in values.items():
        found[name].append(value)


def _hash(body: bytes) -> int:
    return int.from_bytes(blake2b(body, digest_size=8).digest(), "big")


def _column(packets: pa.Table, name: str) -> Any:
    """Return a column as numpy, null as zero."""
    return packets[name].combine_chunks().fill_null(0).to_numpy(zero_copy_only=False)
