"""HTTP/1 heads of a lane, message by message, as its segments come: which heads there are is proven, or it is odd.

A head is proven where it begins right behind the message before it (RFC 9112, section 6.3), or at the lane's first
segment that may begin one, while the segments come in order. Whatever this machine does not follow (a head in two
segments, lost bytes, answers to HEAD, upgrades, trailers, HTTP/2) marks the lane ``odd``: captools.wire.heads then
puts its stream together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.wire import http1
from captools.wire.http import WORDS
from captools.wire.kernels.buffers import HEADS
from captools.wire.kernels.compiler import kernel
from captools.wire.kernels.flows import AGAIN, NEXT
from captools.wire.kernels.heads import like_head, scan_head
from captools.wire.kernels.loads import u8, u32
from captools.wire.kernels.records import (
    BODY,
    CHUNK_CR,
    CHUNK_DATA,
    CHUNK_LF,
    CHUNK_SIZE,
    CHUNK_SIZE_LF,
    CONTINUED,
    HAS_CHUNKS,
    HAS_LENGTH,
    HEAD_NEXT,
    LAST_CR,
    LAST_LF,
    LINES_A_PACKET,
    RESPONSE,
    SEARCHING,
    UNTIL_CLOSE,
    WHOLE,
)
from captools.wire.kernels.text import put_text, rows_for

_WORDS = np.array([int.from_bytes(word, "big") for word in WORDS], np.uint64)
_FIRST_BYTES = np.zeros(256, np.bool_)
_FIRST_BYTES[[word[0] for word in WORDS]] = True
_TOP, _HALF = np.uint64(56), np.uint64(32)
_HEAD_METHOD, _CONNECT = (int.from_bytes(word, "big") for word in (b"HEAD", b"CONN"))
_ANSWER = int.from_bytes(http1.RESPONSE, "big")
_LARGEST_CHUNK = 1 << 28


@kernel
def may_begin(head: Any, length: Any) -> Any:
    """Tell whether a payload whose first bytes are ``head``, the first one on top, may begin a head.

    As captools.wire.http tells it: a word of WORDS, or all of a shorter payload in one.
    """
    if not _FIRST_BYTES[head >> _TOP]:
        return False
    cut = np.uint64(8 * (8 - min(length, 4)))
    found = False
    for word in _WORDS:
        found |= head >> cut == word >> (cut - _HALF)
    return found


@kernel
def follow_messages(f: Any, one: Any, flow: Any, m: Any, heads: Any, lines: Any, c: Any) -> None:
    """Take the payload ``one`` (PAYLOAD) of a flow; rows of the heads in it go to ``heads``, whose bytes are ``lines``."""
    if one.place == AGAIN:
        return
    start, end = one.start, max(one.end, one.start)
    if flow.odd or one.place != NEXT:
        flow.odd = 1
        if one.marked and end - start >= 4 and like_head(f, start):
            _scan(f, start, end, one, m, heads, lines, c)
        return
    if flow.fresh:
        flow.fresh = 0
        # Where the request was not seen, the reference takes this for the next answer: the one before was to HEAD.
        if one.marked and u8(f, start) == _ANSWER >> 24:
            flow.odd = 1
            return
    missing = start + one.length - end
    if flow.stage == SEARCHING:
        if not one.marked:
            flow.skipped += one.length
            if missing and end - start < 8:
                flow.odd = 1
            return
        flow.stage = HEAD_NEXT
    _walk(f, end, one, flow, m, heads, lines, c)
    if missing and not flow.odd:
        _step_over(flow, missing)


@kernel
def _step_over(flow: Any, missing: Any) -> None:
    """Pass ``missing`` bytes that were not captured: inside a body, they do not matter."""
    if flow.stage in (BODY, CHUNK_DATA):
        flow.left -= missing
        if flow.left < 0:
            flow.odd = 1
        elif flow.left == 0:
            flow.stage = HEAD_NEXT if flow.stage == BODY else CHUNK_CR
    elif flow.stage != UNTIL_CLOSE:
        flow.odd = 1


@kernel
def _walk(f: Any, end: Any, one: Any, flow: Any, m: Any, heads: Any, lines: Any, c: Any) -> None:
    """Follow bodies and heads up to ``end``."""
    at = one.start
    first = c[HEADS]
    while at < end and not flow.odd:
        stage = flow.stage
        if stage in (BODY, CHUNK_DATA):
            count = min(flow.left, end - at)
            at += count
            flow.left -= count
            if flow.left == 0:
                flow.stage = HEAD_NEXT if stage == BODY else CHUNK_CR
        elif stage == UNTIL_CLOSE:
            at = end
        elif stage == HEAD_NEXT:
            if end - at < 4 or not like_head(f, at) or c[HEADS] - first > LINES_A_PACKET // 2:
                flow.odd = 1
            else:
                _scan(f, at, end, one, m, heads, lines, c)
                at = _after_head(f, at, flow, m)
                flow.fresh = 1 if at == end and m.kind == RESPONSE and flow.stage != HEAD_NEXT else 0
        else:
            _chunk_byte(flow, u8(f, at))
            at += 1


@kernel
def _after_head(f: Any, at: Any, flow: Any, m: Any) -> Any:
    """Note what follows the head just read; return the place behind it."""
    word = u32(f, at)
    if not (m.has & WHOLE and m.clean) or m.status == 101 or word in (_HEAD_METHOD, _CONNECT):
        flow.odd = 1
        return m.end
    answer = m.kind == RESPONSE
    flow.stage = HEAD_NEXT
    if answer and (m.status < 200 or m.status == 204 or m.status == 304):
        return m.end
    if m.has & HAS_CHUNKS:
        flow.stage = CHUNK_SIZE
        flow.left = -1
    elif m.has & HAS_LENGTH:
        if m.content_length:
            flow.stage = BODY
            flow.left = m.content_length
    elif answer:
        flow.stage = UNTIL_CLOSE
    return m.end


@kernel
def _chunk_byte(flow: Any, byte: Any) -> None:
    """Take one byte of a chunked body's framing (RFC 9112, section 7.1), without extensions and trailers.

    ``left`` is the size read so far; -1 before its first digit.
    """
    stage = flow.stage
    if stage == CHUNK_SIZE:
        digit = -1
        if 48 <= byte <= 57:
            digit = byte - 48
        elif 97 <= byte | 0x20 <= 102:
            digit = (byte | 0x20) - 87
        if digit >= 0 and flow.left < _LARGEST_CHUNK:
            flow.left = max(flow.left, 0) * 16 + digit
        elif byte == 13 and flow.left >= 0:
            flow.stage = CHUNK_SIZE_LF
        else:
            flow.odd = 1
    elif stage in (CHUNK_SIZE_LF, CHUNK_LF, LAST_LF) and byte == 10:
        if stage == CHUNK_SIZE_LF:
            flow.stage = CHUNK_DATA if flow.left else LAST_CR
        elif stage == CHUNK_LF:
            flow.stage = CHUNK_SIZE
            flow.left = -1
        else:
            flow.stage = HEAD_NEXT
    elif stage in (CHUNK_CR, LAST_CR) and byte == 13:
        flow.stage = CHUNK_LF if stage == CHUNK_CR else LAST_LF
    else:
        flow.odd = 1


@kernel
def _scan(f: Any, at: Any, end: Any, one: Any, m: Any, heads: Any, lines: Any, c: Any) -> None:
    """Read the head at ``at`` of the payload ``one``, and write its row."""
    scan_head(f, at, end, m)
    size = m.method_len + m.path_len + m.host_len + m.xff_len + m.request_id_len
    if rows_for(size) > LINES_A_PACKET // 2:
        m.clean = 0
        size = 0
        m.method_len = 0
        m.path_len = 0
        m.host_len = 0
        m.xff_len = 0
        m.request_id_len = 0
    first = c[HEADS]
    head = heads[first]
    head.row = one.row
    head.has = m.has
    head.kind = m.kind
    head.lane = one.lane
    head.at = at - one.start
    head.offset = one.offset + at - one.start
    head.length = m.end - at
    head.behind = end - m.end
    head.status = m.status
    head.content_length = m.content_length
    head.method = m.method_len
    head.path = m.path_len
    head.host = m.host_len
    head.xff = m.xff_len
    head.request_id = m.request_id_len
    place = put_text(lines, first, 0, f, m.method, m.method_len)
    place = put_text(lines, first, place, f, m.path, m.path_len)
    place = put_text(lines, first, place, f, m.host, m.host_len)
    place = put_text(lines, first, place, f, m.xff, m.xff_len)
    put_text(lines, first, place, f, m.request_id, m.request_id_len)
    count = rows_for(size)
    for line in range(first + 1, first + count):
        heads[line].row = one.row
        heads[line].lane = one.lane
        heads[line].kind = CONTINUED
    c[HEADS] = first + count
