"""TLS hellos that lie whole in one segment: what they say, read once, within their bounds (see captools.wire.tls)."""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.wire.kernels.buffers import HELLOS
from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.flows import AGAIN, ASTRAY
from captools.wire.kernels.loads import u8, u16
from captools.wire.kernels.records import (
    CLIENT_HELLO,
    CONTINUED,
    HAS_ALPN,
    HAS_CIPHER,
    HAS_RANDOM,
    HAS_SESSION,
    HAS_SNI,
    WHOLE,
)
from captools.wire.kernels.text import put_text, rows_for
from captools.wire.tls import ALPN, CHANGE_CIPHER_SPEC, MAX_RECORD, PREFIXES, SERVER_NAME, VERSIONS

_CCS = np.uint64(int.from_bytes(CHANGE_CIPHER_SPEC + b"\x16\x03", "big"))
_PREFIXES = np.array([int.from_bytes(word, "big") for word in PREFIXES], np.uint64)
_HELLO = np.uint64(0x1603)
_KIND_AT, _MINOR_AT, _TOP = np.uint64(16), np.uint64(40), np.uint64(48)
_BYTE = np.uint64(0xFF)
_RECORD, _MESSAGE = 5, 4  # bytes of their headers
_MAX_STRING = 512


@kernel
def begins_hello(head: Any) -> Any:
    """Tell of a payload's first eight bytes: 1 begins a record with a hello, 2 may have one further on, 0 neither."""
    if head >> _TOP == _HELLO and (head >> _MINOR_AT) & _BYTE <= np.uint64(4):
        kind = (head >> _KIND_AT) & _BYTE
        return 1 if kind == np.uint64(1) or kind == np.uint64(2) else 0
    if head == _CCS:
        return 2
    for prefix in _PREFIXES:
        if head == prefix:
            return 2
    return 0


@kernel
def follow_hellos(f: Any, one: Any, flow: Any, m: Any, hellos: Any, lines: Any, c: Any) -> None:
    """Read the hello that the payload ``one`` (PAYLOAD) of a flow begins with, if it lies whole in it; else it is odd.

    Its row goes to ``hellos``, whose bytes are ``lines``.
    """
    flow.tls = 1  # where the flow is odd, even bytes that seem to come again may be another stream's
    if one.place == AGAIN:
        return
    if one.begins != 1 or one.place == ASTRAY or flow.tls_open:
        flow.odd_tls = 1
        return
    at, end = one.start, one.end
    size = 0
    whole = False
    if end - at >= _RECORD + _MESSAGE:
        record = u16(f, at + 3)
        size = _MESSAGE + (u8(f, at + 6) << 16 | u16(f, at + 7))
        whole = 0 < record <= MAX_RECORD and size <= record and at + _RECORD + size <= end
        if at + _RECORD + record > end:
            flow.tls_open = 1
    if not whole:
        flow.odd_tls = 1
    end = min(at + _RECORD + size, end)
    _scan(f, at, end, m)
    if m.status >> 8 == 3:
        m.has |= WHOLE if whole else 0
        _write(f, end, one, m, hellos, lines, c)


@kernel
def _scan(f: Any, at: Any, end: Any, m: Any) -> None:
    """Read the hello whose record begins at ``at``, up to ``end`` (RFC 8446, sections 4.1.2 and 4.1.3)."""
    m.has = 0
    m.version = 0
    m.status = 0
    m.random = at + _RECORD + _MESSAGE + 2
    m.sni_len = 0
    m.alpn_len = 0
    if m.random > end:
        return
    m.kind = u8(f, at + _RECORD)
    m.version = u16(f, m.random - 2)
    m.status = m.version
    at = m.random + 32
    if at + 1 > end:
        return
    m.has |= HAS_RANDOM
    m.session_id_len = u8(f, at)
    at += 1 + m.session_id_len
    if at > end:
        return
    m.has |= HAS_SESSION
    client = m.kind == CLIENT_HELLO
    if client:
        if at + 2 > end:
            return
        at += 2 + u16(f, at)
        if at + 1 > end:
            return
        at += 1 + u8(f, at)
    else:
        if at + 3 > end:
            return
        m.cipher = u16(f, at)
        m.has |= HAS_CIPHER
        at += 3
    if at + 2 <= end:
        _extensions(f, at + 2, min(at + 2 + u16(f, at), end), client, m)


@kernel
def _extensions(f: Any, at: Any, end: Any, client: Any, m: Any) -> None:
    """Read the extensions that count, one by one."""
    while at + 4 <= end:
        kind = u16(f, at)
        size = u16(f, at + 2)
        at += 4
        stop = at + size
        if stop > end:
            return
        if kind == SERVER_NAME:
            _server_name(f, at, stop, m)
        elif kind == ALPN and size >= 2:
            m.alpn = at + 2
            m.alpn_len = min(u16(f, at), size - 2)
            m.has |= HAS_ALPN
        elif kind == VERSIONS and client and size >= 1:
            _highest(f, at + 1, min(at + 1 + u8(f, at), stop), m)
        elif kind == VERSIONS and not client and size >= 2:
            m.version = u16(f, at)
        at = stop


@kernel
def _server_name(f: Any, at: Any, end: Any, m: Any) -> None:
    """Take the first host name of the list (RFC 6066, section 3)."""
    at += 2
    while at + 3 <= end:
        size = u16(f, at + 1)
        if at + 3 + size > end:
            return
        if u8(f, at) == 0:
            m.sni = at + 3
            m.sni_len = size
            m.has |= HAS_SNI
            return
        at += 3 + size


@kernel
def _highest(f: Any, at: Any, end: Any, m: Any) -> None:
    """Take the highest version offered; GREASE values (RFC 8701) are none."""
    best = 0
    while at + 2 <= end:
        version = u16(f, at)
        if version >> 8 == 3 and version > best:
            best = version
        at += 2
    if best:
        m.version = best


@kernel
def _write(f: Any, end: Any, one: Any, m: Any, hellos: Any, lines: Any, c: Any) -> None:
    """Write the row of the hello just scanned."""
    m.sni_len = min(m.sni_len, _MAX_STRING)
    m.alpn_len = min(m.alpn_len, _MAX_STRING)
    random = 32 if m.has & HAS_RANDOM else 0
    first = c[HELLOS]
    hello = hellos[first]
    hello.row = one.row
    hello.has = m.has
    hello.kind = m.kind
    hello.lane = one.lane
    hello.offset = one.offset
    hello.length = end - one.start - _RECORD
    hello.version = m.version
    hello.cipher = m.cipher
    hello.session_id_len = m.session_id_len
    hello.random = random
    hello.sni = m.sni_len
    hello.alpn = m.alpn_len
    place = put_text(lines, first, 0, f, m.random, random)
    place = put_text(lines, first, place, f, m.sni, m.sni_len)
    place = put_text(lines, first, place, f, m.alpn, m.alpn_len)
    count = rows_for(place)
    for line in range(first + 1, first + count):
        hellos[line].row = one.row
        hellos[line].lane = one.lane
        hellos[line].kind = CONTINUED
    c[HELLOS] = first + count
