"""Find what an HTTP/1 head says, in one pass over its bytes (RFC 9112, sections 2 to 5).

Strict on purpose: what a lenient reader might still take for a head is not ``clean``, and the stream it stands in is
read by the reference (captools.wire.http1) instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.wire import http1
from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.loads import lowest_byte, u8, u32, u64le
from captools.wire.kernels.records import (
    HAS_CHUNKS,
    HAS_HOST,
    HAS_LENGTH,
    HAS_REQUEST_ID,
    HAS_XFF,
    REQUEST,
    RESPONSE,
    WHOLE,
)

_CR, _LF, _SPACE, _TAB = 13, 10, 32, 9
_STARTS = np.array([int.from_bytes(word[:4], "big") for word in http1.STARTS], np.int64)
_ANSWER = int.from_bytes(http1.RESPONSE, "big")
_VERSION = np.frombuffer(b"HTTP/1.", np.uint8)
_HOST = np.frombuffer(b"host:", np.uint8)
_LENGTH = np.frombuffer(b"content-length:", np.uint8)
_CODING = np.frombuffer(b"transfer-encoding:", np.uint8)
_XFF = np.frombuffer(b"x-forwarded-for:", np.uint8)
_REQUEST_ID = np.frombuffer(b"x-request-id:", np.uint8)
_CHUNKED = np.frombuffer(b"chunked", np.uint8)
_LFS, _ONES, _HIGHS = (np.uint64(byte * 0x0101010101010101) for byte in (_LF, 1, 0x80))
_MAX_DIGITS = 18
_MAX_STRING = 4_096


@kernel
def like_head(f: Any, at: Any) -> Any:
    """Tell whether the four bytes at ``at`` begin a head."""
    word = u32(f, at)
    found = False
    for start in _STARTS:
        found |= word == start
    return found


@kernel
def _line_end(f: Any, at: Any, end: Any) -> Any:
    """Return the place of the first LF in ``at`` to ``end``; ``end`` without one."""
    while at + 8 <= end:
        word = u64le(f, at) ^ _LFS
        hit = (word - _ONES) & ~word & _HIGHS
        if hit:
            return at + lowest_byte(hit)
        at += 8
    while at < end and u8(f, at) != _LF:
        at += 1
    return at


@kernel
def _named(f: Any, at: Any, end: Any, name: Any) -> Any:
    """Tell whether the line at ``at`` begins with ``name`` (lower case, with its colon) in any case."""
    size = name.shape[0]
    if at + size > end:
        return False
    for place in range(size):
        byte = u8(f, at + place)
        if byte != name[place] and (byte | 0x20 != name[place] or byte < 0x41 or byte > 0x5A):
            return False
    return True


@kernel
def scan_head(f: Any, at: Any, end: Any, m: Any) -> None:
    """Read the head at ``at``, whose bytes are there up to ``end``, into ``m``; like_head says that it may be one.

    ``m.end`` is the place behind it where ``m.has`` says that it is whole.
    """
    m.has = 0
    m.clean = 1
    m.end = end
    m.status = 0
    m.content_length = 0
    m.method_len = 0
    m.path_len = 0
    m.host_len = 0
    m.xff_len = 0
    m.request_id_len = 0
    line = _line_end(f, at, end)
    if line == end:
        m.clean = 0
        m.kind = RESPONSE if u32(f, at) == _ANSWER else REQUEST
        return
    if u32(f, at) == _ANSWER:
        m.kind = RESPONSE
        _status_line(f, at, line, m)
    else:
        m.kind = REQUEST
        _request_line(f, at, line, m)
    while m.clean:
        at = line + 1
        line = _line_end(f, at, end)
        if line in (end, at) or u8(f, line - 1) != _CR:
            m.clean = 0
        elif line == at + 1:
            m.has |= WHOLE
            m.end = line + 1
            return
        else:
            _header(f, at, line - 1, m)


@kernel
def _status_line(f: Any, at: Any, line: Any, m: Any) -> None:
    """Read ``HTTP/1.1 200 OK``, whose LF is at ``line``."""
    if line < at + 14 or u8(f, line - 1) != _CR or not _version(f, at) or u8(f, at + 8) != _SPACE:
        m.clean = 0
        return
    for place in range(at + 9, at + 12):
        digit = u8(f, place) - 48
        if digit < 0 or digit > 9:
            m.clean = 0
            return
        m.status = m.status * 10 + digit
    if u8(f, at + 12) != _SPACE:
        m.clean = 0


@kernel
def _version(f: Any, at: Any) -> Any:
    """Tell whether the eight bytes at ``at`` are HTTP/1 and a digit; the caller has checked that they are there."""
    for place in range(7):
        if u8(f, at + place) != _VERSION[place]:
            return False
    return 48 <= u8(f, at + 7) <= 57


@kernel
def _request_line(f: Any, at: Any, line: Any, m: Any) -> None:
    """Read ``GET /path HTTP/1.1``, whose LF is at ``line``."""
    m.method = at
    stop = line - 1
    if stop < at + 14 or u8(f, stop) != _CR or not _version(f, stop - 8) or u8(f, stop - 9) != _SPACE:
        m.clean = 0
        return
    place = at
    while place < stop and 65 <= u8(f, place) <= 90:
        place += 1
    m.method_len = place - at
    m.path = place + 1
    size = stop - 9 - m.path  # below 0 where the only space is the one before the version
    if u8(f, place) != _SPACE or not 1 <= size <= _MAX_STRING:
        m.clean = 0
        return
    m.path_len = size
    for byte in range(m.path, m.path + m.path_len):
        if u8(f, byte) <= _SPACE:
            m.clean = 0
            return


@kernel
def _header(f: Any, at: Any, end: Any, m: Any) -> None:
    """Read one header line, without its CR LF, if it is one of those that count."""
    first = u8(f, at) | 0x20
    if first == _SPACE or first == _TAB | 0x20:
        m.clean = 0  # a folded line (RFC 9112, section 5.2)
    elif first == 104:
        if _named(f, at, end, _HOST) and not m.has & HAS_HOST:
            m.host, m.host_len = _value(f, at + 5, end, m)
            m.has |= HAS_HOST
    elif first == 120:
        if _named(f, at, end, _XFF):
            if not m.has & HAS_XFF:
                m.xff, m.xff_len = _value(f, at + 16, end, m)
                m.has |= HAS_XFF
        elif _named(f, at, end, _REQUEST_ID) and not m.has & HAS_REQUEST_ID:
            m.request_id, m.request_id_len = _value(f, at + 13, end, m)
            m.has |= HAS_REQUEST_ID
    elif first == 99:
        if _named(f, at, end, _LENGTH):
            _content_length(f, at + 15, end, m)
    elif first == 116 and _named(f, at, end, _CODING):
        _coding(f, at + 18, end, m)


@kernel
def _value(f: Any, at: Any, end: Any, m: Any) -> Any:
    """Return place and size of a header's value, without the spaces around it."""
    while at < end and (u8(f, at) == _SPACE or u8(f, at) == _TAB):
        at += 1
    while at < end and (u8(f, end - 1) == _SPACE or u8(f, end - 1) == _TAB):
        end -= 1
    if end - at > _MAX_STRING:
        m.clean = 0
        return at, 0
    return at, end - at


@kernel
def _content_length(f: Any, at: Any, end: Any, m: Any) -> None:
    """Read the only Content-Length there may be; beside Transfer-Encoding there may be none (RFC 9112, 6.3)."""
    at, size = _value(f, at, end, m)
    if size < 1 or size > _MAX_DIGITS or m.has & (HAS_LENGTH | HAS_CHUNKS):
        m.clean = 0
        return
    for place in range(at, at + size):
        digit = u8(f, place) - 48
        if digit < 0 or digit > 9:
            m.clean = 0
            return
        m.content_length = m.content_length * 10 + digit
    m.has |= HAS_LENGTH


@kernel
def _coding(f: Any, at: Any, end: Any, m: Any) -> None:
    """Read the only Transfer-Encoding that is followed here: chunked, alone."""
    at, size = _value(f, at, end, m)
    if size != _CHUNKED.shape[0] or m.has & (HAS_LENGTH | HAS_CHUNKS):
        m.clean = 0
        return
    for place in range(size):
        if u8(f, at + place) != _CHUNKED[place]:
            m.clean = 0
    m.has |= HAS_CHUNKS
