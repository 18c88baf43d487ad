"""DNS messages (RFC 1035): over UDP on ports 53 and 5353 (RFC 6762), over TCP on port 53 (RFC 7766).

Own code, since a library builds an object per record: only the first question and the addresses and alias targets of
the answer section are read, the rest is stepped over. Compression pointers (section 4.1.4) may only point backwards,
so that every name ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from captools.model.addresses import to_text
from captools.model.packets import DNS, Proto
from captools.wire.bytesview import BytesView
from captools.wire.cursor import Cursor, Short, printable
from captools.wire.lanes import column, conversations, payloads, places
from captools.wire.records import Records
from captools.wire.streams import Stream

PORT, MULTICAST_PORT = 53, 5353
_HEADER = 12  # RFC 1035, section 4.1.1
_A, _CNAME, _AAAA, _DNAME = 1, 5, 28, 39
_MAX_NAME = 255  # bytes on the wire, section 2.3.4
_MAX_POINTERS = 127  # a name has no more labels than that
_PEEK = _HEADER + _MAX_NAME + 5  # enough to tell whether this is a message at all
_SPECIAL = b'.\\"'


@dataclass(slots=True)
class Message:
    """One DNS message; ``qname`` and ``qtype`` are None where there is no question."""

    id: int
    response: bool
    opcode: int
    rcode: int
    qname: str | None = None
    qtype: int | None = None
    answers: list[str] = field(default_factory=list)
    complete: bool = False


def dns_messages(view: BytesView, records: Records, packets: pa.Table) -> pa.Table:
    """Return the DNS table (schema DNS) of one source; ``packets`` are all its records, ``row`` counts in them."""
    proto, sport, dport = (column(packets, name) for name in ("proto", "sport", "dport"))
    at_53 = (sport == PORT) | (dport == PORT)
    multicast = (sport == MULTICAST_PORT) | (dport == MULTICAST_PORT)
    found: list[tuple[int, Message]] = []
    where = payloads(records, packets, np.flatnonzero((proto == Proto.UDP) & (at_53 | multicast)))
    for row, begin, held in zip(where.rows.tolist(), where.begin.tolist(), where.held.tolist(), strict=True):
        message = read_message(view.bytes[begin : begin + held].tobytes())
        if message is not None:
            found.append((row, message))
    marks = (proto == Proto.TCP) & at_53
    if marks.any():
        for sides in conversations(view, records, packets, marks):
            for stream in (*sides[0], *sides[1]):
                found += messages_of(stream)
    found.sort(key=lambda one: one[0])
    return dns_table(found, places(packets, [row for row, _ in found]))


def messages_of(stream: Stream) -> Iterator[tuple[int, Message]]:
    """Yield the messages of a TCP stream, each behind its length (RFC 7766, section 8).

    Behind a gap it goes on at the next segment, where most senders begin a message.
    """
    at = 0 if stream.opened else stream.next_mark(stream.starts[0]) if len(stream.starts) else None
    while at is not None:
        prefix = stream.read(at, 2)
        size = int.from_bytes(prefix, "big")
        if len(prefix) < 2 or read_message(stream.read(at + 2, min(size, _PEEK))) is None:
            at = stream.next_mark(at + 1)
            continue
        message = read_message(stream.read(at + 2, size))
        if message is not None:
            yield stream.origin(at)[0], message
        at += 2 + size


def read_message(data: bytes) -> Message | None:
    """Return the message that ``data`` is; None where it cannot be one.

    The first question (where one is announced) must be whole; ``complete`` tells whether all the rest is, too.
    """
    if len(data) < _HEADER:
        return None
    flags = int.from_bytes(data[2:4], "big")
    questions, *others = (int.from_bytes(data[at : at + 2], "big") for at in (4, 6, 8, 10))
    message = Message(
        id=int.from_bytes(data[:2], "big"),
        response=bool(flags & 0x8000),
        opcode=flags >> 11 & 0xF,
        rcode=flags & 0xF,
    )
    body = Cursor(data, _HEADER)
    try:
        if questions:
            name, kind = read_name(body), body.number(2)
            body.take(2)
            message.qname, message.qtype = name, kind
        for _ in range(questions - 1):  # nobody asks more than one; a second one is stepped over
            _skip_name(body)
            body.take(4)
        for number in range(sum(others)):
            _record(body, message.answers if number < others[0] else None)
        message.complete = True
    except Short:
        if questions and message.qtype is None:
            return None
    return message


def _record(body: Cursor, answers: list[str] | None) -> None:
    """Step over one resource record (section 4.1.3), adding what it answers; raises Short."""
    _skip_name(body)
    kind = body.number(2)
    body.take(6)  # class, time to live
    size = body.number(2)
    begin = body.at
    data = body.take(size)
    if answers is None:
        return
    if kind in (_A, _AAAA) and size == (4 if kind == _A else 16):
        answers.append(to_text(bytes(10) + b"\xff\xff" + data if kind == _A else data))
    elif kind in (_CNAME, _DNAME):
        answers.append(read_name(Cursor(body.data, begin, begin + size)))


def _skip_name(body: Cursor) -> None:
    """Step over a name, without following its pointer; raises Short."""
    while size := body.number(1):
        if size >= 0xC0:
            body.take(1)
            return
        if size >= 0x40:
            raise Short
        body.take(size)


def read_name(body: Cursor) -> str:
    """Return the name at the cursor as in a zone file, without the last dot (the root is ``.``); raises Short.

    The cursor ends behind the name, wherever pointers lead.
    """
    labels: list[str] = []
    total, pointers, at, limit = 0, 0, body.at, body.at
    behind: int | None = None
    data, end = body.data, body.end
    while True:
        if at >= end:
            raise Short
        size = data[at]
        if size >= 0xC0:
            if at + 1 >= end:
                raise Short
            target = (size & 0x3F) << 8 | data[at + 1]
            behind = at + 2 if behind is None else behind
            pointers += 1
            if target >= limit or pointers > _MAX_POINTERS:
                raise Short  # section 4.1.4: a prior occurrence; anything else could go round for ever
            at = limit = target
            end = len(data)
            continue
        at += 1
        if size == 0:
            break
        total += size + 1
        if size >= 0x40 or at + size > end or total > _MAX_NAME:
            raise Short
        labels.append(printable(data[at : at + size], _SPECIAL))
        at += size
    body.at = at if behind is None else behind
    return ".".join(labels) or "."


def dns_table(found: list[tuple[int, Message]], place: pa.Table) -> pa.Table:
    """Return the DNS table of messages: row, message; ``place`` names their packets (captools.wire.lanes.places)."""
    values: dict[str, Any] = {name: [getattr(one, name) for _, one in found] for name in Message.__slots__}
    values |= {name: place[name].cast(DNS.field(name).type) for name in place.column_names}
    values["row"] = [row for row, _ in found]
    return pa.table({name: values[name] for name in DNS.names}, schema=DNS)
