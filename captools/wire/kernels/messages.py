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
def follow_messages(
    f: Any, base: Any, row: Any, place: Any, marked: Any, flow: Any, packets: Any, b: Any, c: Any
) -> None:
    """Take the payload of the packet of ``row``, whose frame is at ``f[base]``; ``place`` says where it stands."""
    if place == AGAIN:
        return
    at = base + np.int64(packets.payload_off[row])
    length = np.int64(packets.payload_len[row])
    end = min(at + length, base + np.int64(packets.cap_len[row]))
    if flow.odd or place != NEXT:
        flow.odd = 1
        if marked and end - at >= 4 and like_head(f, at):
            _scan(f, base, row, at, end, packets, b, c)
        return
    if flow.fresh:
        flow.fresh = 0
        # Where the request was not seen, the reference takes this for the next answer: the one before was to HEAD.
        if marked and u8(f, at) == _ANSWER >> 24:
            flow.odd = 1
            return
    missing = at + length - max(end, at)
    if flow.stage == SEARCHING:
        if not marked:
            flow.skipped += length
            if missing and end - at < 8:
                flow.odd = 1
            return
        flow.stage = HEAD_NEXT
    _walk(f, base, row, at, max(end, at), flow, packets, b, c)
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
def _walk(f: Any, base: Any, row: Any, at: Any, end: Any, flow: Any, packets: Any, b: Any, c: Any) -> None:
    """Follow bodies and heads from ``at`` to ``end``."""
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
                _scan(f, base, row, at, end, packets, b, c)
                at = _after_head(f, at, flow, b.found[0])
                flow.fresh = 1 if at == end and b.found[0].kind == RESPONSE and flow.stage != HEAD_NEXT else 0
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
def _scan(f: Any, base: Any, row: Any, at: Any, end: Any, packets: Any, b: Any, c: Any) -> None:
    """Read the head at ``at`` and write its row."""
    m = b.found[0]
    scan_head(f, at, end, m)
    first = c[HEADS]
    one = b.heads[first]
    one.row = row
    one.has = m.has
    one.kind = m.kind
    one.lane = packets.lane[row]
    one.at = at - base - np.int64(packets.payload_off[row])
    one.offset = packets.offset[row] + at - base
    one.length = m.end - at
    one.behind = end - m.end
    one.status = m.status
    one.content_length = m.content_length
    one.method = m.method_len
    one.path = m.path_len
    one.host = m.host_len
    one.xff = m.xff_len
    one.request_id = m.request_id_len
    size = 0
    if rows_for(m.method_len + m.path_len + m.host_len + m.xff_len + m.request_id_len) > LINES_A_PACKET // 2:
        m.clean = 0
        one.method = 0
        one.path = 0
        one.host = 0
        one.xff = 0
        one.request_id = 0
    else:
        size = put_text(b.head_lines, first, size, f, m.method, m.method_len)
        size = put_text(b.head_lines, first, size, f, m.path, m.path_len)
        size = put_text(b.head_lines, first, size, f, m.host, m.host_len)
        size = put_text(b.head_lines, first, size, f, m.xff, m.xff_len)
        size = put_text(b.head_lines, first, size, f, m.request_id, m.request_id_len)
    count = rows_for(size)
    for line in range(first + 1, first + count):
        b.heads[line].row = row
        b.heads[line].lane = one.lane
        b.heads[line].kind = CONTINUED
    c[HEADS] = first + count
