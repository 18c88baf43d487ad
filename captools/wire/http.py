"""The HTTP table: heads found by a column scan for the segments that may begin one, then exactly by their streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from captools.model.packets import HTTP, Proto
from captools.wire import http1, http2
from captools.wire.bytesview import U64, Bools, BytesView, Ints
from captools.wire.http1 import Found, Walk
from captools.wire.lanes import column, conversations, first_bytes, places
from captools.wire.records import Records
from captools.wire.streams import Stream

# What a head begins with; the last two are PROXY headers (wire/proxy_protocol.py), which precede one.
WORDS = (*http1.STARTS, http1.PREFACE[:4], b"PROX", b"\r\n\r\n")
_SHIFT = np.uint64(32)


def http_heads(view: BytesView, records: Records, packets: pa.Table) -> pa.Table:
    """Return the HTTP table (schema HTTP) of one source; ``packets`` are all its records, ``row`` counts in them."""
    found: list[tuple[int, int, Found]] = []  # row, byte in its payload
    marks = _may_begin(packets)
    if marks.any():
        for sides in conversations(view, records, packets, marks):
            found += heads_of(*sides)
    found.sort(key=lambda each: each[:2])
    return http_table(found, places(packets, [row for row, _, _ in found]))


def _may_begin(packets: pa.Table) -> Bools:
    marks = may_begin(first_bytes(packets), column(packets, "payload_len"))
    marks &= column(packets, "proto") == Proto.TCP
    return marks


def may_begin(begin: U64, length: Ints) -> Bools:
    """Tell of payloads whether they may begin a head: with a word of WORDS, or all of a shorter one in one.

    ``begin`` holds the first eight bytes of each, the first one on top, ``length`` its bytes by the headers.
    """
    words = np.array([int.from_bytes(word, "big") for word in WORDS], np.uint64)
    begin = begin >> _SHIFT
    marks: Bools = np.isin(begin, words) & (length >= 4)
    for size in (1, 2, 3):
        cut = np.uint64(8 * (4 - size))
        marks |= (length == size) & np.isin(begin >> cut, words >> cut)
    return marks


def heads_of(ones: list[Stream], others: list[Stream]) -> Iterator[tuple[int, int, Found]]:
    """Yield the heads of a conversation, given the streams of its two directions: row, byte in its payload, head."""
    for one, other in _pairs(ones, others):
        for stream, walk in _walked(one, other):
            for head in walk.found:
                yield *stream.origin(head.at), head


def _pairs(ones: list[Stream], others: list[Stream]) -> list[tuple[Stream | None, Stream | None]]:
    """Return the streams of two directions as pairs: by their order where each side has as many."""
    if len(ones) == len(others):
        return list(zip(ones, others, strict=True))
    return [(one, None) for one in ones] + [(None, other) for other in others]


def _walked(one: Stream | None, other: Stream | None) -> list[tuple[Stream, Walk]]:
    """Read both directions of a conversation, the asking one first."""
    streams = [stream for stream in (one, other) if stream is not None]
    streams.sort(key=_answers)
    done: list[tuple[Stream, Walk]] = []
    asked: list[str] | None = None
    preface = False
    for stream in streams:
        walk = http1.walk(stream, asked if stream.opened else None)
        methods = [each.head.method or "" for each in walk.found if each.head.status is None]
        asked = methods if stream.opened and not walk.lost else None
        if walk.http2_at is not None:
            preface = True
            walk.found += http2.walk(stream, walk.http2_at).found
        elif preface and not walk.found:
            walk = http2.walk(stream)
        done.append((stream, walk))
    return done


def _answers(stream: Stream) -> bool:
    """Tell whether a stream begins like answers, or like nothing we know (an HTTP/2 server's does)."""
    at = stream.next_mark(stream.starts[0]) if len(stream.starts) else None
    return at is None or stream.read(at, 4) == http1.RESPONSE


def http_table(found: list[tuple[int, int, Found]], place: pa.Table) -> pa.Table:
    """Return the HTTP table of heads: row, byte in its payload, head; ``place`` names their packets (see places)."""
    values: dict[str, list[Any]] = {name: [] for name in HTTP.names}
    order, last = 0, -1
    for row, at, one in found:
        order = order + 1 if row == last else 0
        last = row
        head = one.head
        head_values: dict[str, Any] = {
            "row": row,
            "kind": "response" if head.status is not None else "request",
            "method": head.method,
            "path": head.url.decode("latin-1") if head.status is None else None,
            "host": head.host,
            "version": head.version,
            "status": head.status,
            "xff": head.listed("x-forwarded-for"),
            "request_id": head.value("x-request-id"),
            "content_length": head.length,
            "body_hash": head.body.value() if head.body_ended else None,
            "order": order,
            "headers": head.headers,
            "complete": head.complete,
            "stream": head.stream,
            "at": at,
        }
        for name, value in head_values.items():
            values[name].append(value)
    columns = [
        place[name].cast(HTTP.field(name).type) if name in place.column_names else values[name] for name in HTTP.names
    ]
    return pa.table(dict(zip(HTTP.names, columns, strict=True)), schema=HTTP)
