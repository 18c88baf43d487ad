"""TLS hellos in clear: ClientHello and ServerHello (RFC 8446, section 4.1; RFC 5246, section 7.4.1).

Found by a column scan for the segments that begin with one, read by bounds-checked code; where a hello is longer than
its segment (post-quantum key shares are), its stream completes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from captools.model.packets import TLS, Proto
from captools.wire.bytesview import U64, Bools, BytesView
from captools.wire.cursor import Cursor, Short, printable
from captools.wire.lanes import column, conversations, first_bytes, places
from captools.wire.proxy_protocol import PROXY_LINES, SIGNATURE, prefix_length
from captools.wire.records import Records
from captools.wire.streams import Stream

CHANGE_CIPHER_SPEC = b"\x14\x03\x03\x00\x01\x01"  # sent before a second hello (RFC 8446, D.4)
_HANDSHAKE = 22  # RFC 8446, section 5.1
_CLIENT_HELLO, _SERVER_HELLO = 1, 2
SERVER_NAME, ALPN, VERSIONS = 0, 16, 43  # RFC 6066, 3; RFC 7301, 3.1; RFC 8446, 4.2.1
MAX_RECORD = 16_384 + 2_048
PREFIXES = tuple(word[:8] for word in (*PROXY_LINES, SIGNATURE))  # of a PROXY header, which precedes a hello
_MAX_HELLO = 65_536
_MAX_PREFIX = 536  # a PROXY header must fit the smallest segment (proxy-protocol.txt, section 2)


@dataclass(slots=True)
class Hello:
    """What a hello says. ``version`` is the highest one offered, or the one chosen."""

    kind: str
    version: int = 0
    random: bytes | None = None
    session_id_len: int | None = None
    cipher: int | None = None
    sni: str | None = None
    alpn: list[str] | None = None
    complete: bool = False


def tls_hellos(view: BytesView, records: Records, packets: pa.Table) -> pa.Table:
    """Return the TLS table (schema TLS) of one source; ``packets`` are all its records, ``row`` counts in them."""
    found: list[tuple[int, Hello]] = []
    marks = _may_begin(packets)
    if marks.any():
        for sides in conversations(view, records, packets, marks):
            for stream in (*sides[0], *sides[1]):
                found += hellos_of(stream)
    found.sort(key=lambda one: one[0])
    return tls_table(found, places(packets, [row for row, _ in found]))


def _may_begin(packets: pa.Table) -> Bools:
    marks: Bools = may_begin(first_bytes(packets)) & (column(packets, "proto") == Proto.TCP)
    return marks


def may_begin(head: U64) -> Bools:
    """Tell of payloads whether they begin a record with a hello, alone, behind CCS or a PROXY header.

    ``head`` holds the first eight bytes of each, the first one on top.
    """
    begins = (head >> np.uint64(48) == 0x1603) & (head >> np.uint64(40) & np.uint64(0xFF) <= 4)
    begins &= np.isin(head >> np.uint64(16) & np.uint64(0xFF), (_CLIENT_HELLO, _SERVER_HELLO))
    changed = head == int.from_bytes(CHANGE_CIPHER_SPEC + b"\x16\x03", "big")
    prefixed = np.isin(head, [int.from_bytes(word, "big") for word in PREFIXES])
    found: Bools = begins | changed | prefixed
    return found


def hellos_of(stream: Stream) -> list[tuple[int, Hello]]:
    """Return the hellos of one direction with their rows."""
    found = []
    at = stream.next_mark(stream.starts[0]) if len(stream.starts) else None
    while at is not None:
        begin = stream.read(at, _MAX_PREFIX)
        at += len(CHANGE_CIPHER_SPEC) if begin.startswith(CHANGE_CIPHER_SPEC) else prefix_length(begin)
        message, end = _handshake(stream, at)
        hello = read_hello(message)
        if hello is not None:
            found.append((stream.origin(at)[0], hello))
        at = stream.next_mark(max(end, at + 1))
    return found


def _handshake(stream: Stream, at: int) -> tuple[bytes, int]:
    """Return the handshake message that begins at ``at`` without its record headers, and the place behind it.

    It may be cut into records anywhere (RFC 8446, section 5.1); what is missing ends it.
    """
    message = bytearray()
    wanted = 4
    while len(message) < wanted:
        header = stream.read(at, 5)
        size = int.from_bytes(header[3:], "big")
        if len(header) < 5 or header[0] != _HANDSHAKE or header[1] != 3 or not 0 < size <= MAX_RECORD:
            break
        part = stream.read(at + 5, size)
        message += part
        at += 5 + len(part)
        if len(message) >= 4:
            wanted = min(4 + int.from_bytes(message[1:4], "big"), _MAX_HELLO)
        if len(part) < size:
            break
    return bytes(message[:wanted]), at


def read_hello(message: bytes) -> Hello | None:
    """Return the hello that a handshake message is; None where it is none. What was cut off stays None."""
    body = Cursor(message)
    hello: Hello | None = None
    try:
        kind = body.number(1)
        size = body.number(3)
        version = body.number(2)
        if kind not in (_CLIENT_HELLO, _SERVER_HELLO) or version >> 8 != 3:
            return None
        hello = Hello("client_hello" if kind == _CLIENT_HELLO else "server_hello", version)
        body.end = min(body.end, 4 + size)
        hello.random = body.take(32)
        hello.session_id_len = len(body.block(1))
        if kind == _CLIENT_HELLO:
            body.block(2)  # cipher suites
            body.block(1)  # compression methods
        else:
            hello.cipher = body.number(2)
            body.take(1)
        _extensions(hello, body, client=kind == _CLIENT_HELLO)
        hello.complete = len(message) >= 4 + size
    except Short:
        pass
    return hello


def _extensions(hello: Hello, body: Cursor, *, client: bool) -> None:
    """Read the extensions that are there, one by one; raises Short. A hello of TLS 1.2 may have none at all."""
    if not len(body):
        return
    end = body.at + 2 + body.number(2)
    while body.at < end:
        kind = body.number(2)
        value = body.block(2)
        if kind == SERVER_NAME and len(value):
            hello.sni = _server_name(value)
        elif kind == ALPN:
            hello.alpn = _strings(value.block(2))
        elif kind == VERSIONS:
            hello.version = _highest(value.block(1), hello.version) if client else value.number(2)


def _server_name(value: Cursor) -> str | None:
    """Return the host name of a server_name extension (RFC 6066, section 3): type 0 is the only one there is."""
    names = value.block(2)
    while len(names):
        kind, name = names.number(1), names.block(2)
        if kind == 0:
            return printable(name.take(len(name)))
    return None


def _strings(names: Cursor) -> list[str]:
    found = []
    while len(names):
        name = names.block(1)
        found.append(printable(name.take(len(name))))
    return found


def _highest(versions: Cursor, legacy: int) -> int:
    """Return the highest version offered; GREASE values (RFC 8701) are not versions."""
    offered = [versions.number(2) for _ in range(len(versions) // 2)]
    return max((one for one in offered if one >> 8 == 3), default=legacy)


def tls_table(found: list[tuple[int, Hello]], place: pa.Table) -> pa.Table:
    """Return the TLS table of hellos: row, hello; ``place`` names their packets (captools.wire.lanes.places)."""
    values: dict[str, Any] = {name: [getattr(hello, name) for _, hello in found] for name in Hello.__slots__}
    values |= {name: place[name].cast(TLS.field(name).type) for name in place.column_names}
    values["row"] = [row for row, _ in found]
    return pa.table({name: values[name] for name in TLS.names}, schema=TLS)
