"""HTTP/1.x on one stream (RFC 9112): every head, read by httptools (the grammar of Node.js), and a hash of every body.

Bodies are stepped over by their announced length, so that missing bytes inside a body lose no head behind it. Where
the place of the next head is not known any more (a gap in a head or between chunks, a stream that was joined in its
middle), reading goes on at the next segment that begins like a head.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httptools

from captools.wire.bodies import Body
from captools.wire.proxy_protocol import prefix_length
from captools.wire.streams import Stream

METHODS = (b"GET ", b"POST", b"PUT ", b"HEAD", b"DELE", b"PATC", b"OPTI", b"CONN", b"TRAC")
RESPONSE = b"HTTP"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113, section 3.4
STARTS = (*METHODS, RESPONSE)
MAX_HEAD = 65_536
_MAX_CHUNK_LINE = 4_096  # a chunk's size with its extensions
_MAX_TRAILERS = 65_536
_STEP = 2_048
_FIRST_LINE = re.compile(rb"(?:[A-Z]+ [^\x00-\x20]\S* HTTP/1\.\d|HTTP/1\.\d \d\d\d[^\n]*)\r?\n", re.ASCII)
_BLANK = re.compile(rb"\n\r?\n")
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r?\n")


@dataclass(slots=True)
class Head:
    """One message head, filled by httptools' callbacks."""

    url: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    first: dict[str, str] = field(default_factory=dict)  # the first value of each header
    complete: bool = False
    method: str | None = None
    status: int | None = None
    version: str = ""
    host: str | None = None
    stream: int | None = None
    body: Body = field(default_factory=Body)
    body_ended: bool = False

    def add(self, name: str, value: str) -> None:
        """Add a header line; ``name`` is in lower case."""
        self.headers.append((name, value))
        self.first.setdefault(name, value)

    def value(self, name: str) -> str | None:
        """Return the first header called ``name`` (lower case)."""
        return self.first.get(name)

    def listed(self, name: str) -> list[str]:
        """Return the comma-separated values of all headers called ``name``, in order."""
        if name not in self.first:
            return []
        joined = ",".join(value for key, value in self.headers if key == name)
        return [part.strip() for part in joined.split(",") if part.strip()]

    @property
    def length(self) -> int | None:
        """Content-Length, None where there is none that makes sense."""
        text = self.value("content-length")
        return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None

    @property
    def chunked(self) -> bool:
        """Tell whether the body comes in chunks."""
        return self.listed("transfer-encoding")[-1:] == ["chunked"]


@dataclass(slots=True)
class Found:
    """A head and the place in its stream where it begins."""

    at: int
    head: Head


@dataclass(slots=True)
class Walk:
    """What one stream held. ``lost`` is set where a head may have been missed; ``http2_at``: HTTP/2 goes on there."""

    found: list[Found] = field(default_factory=list)
    lost: bool = False
    http2_at: int | None = None


class _Listener:
    """httptools' callbacks for one head."""

    def __init__(self) -> None:
        self.head = Head()

    def on_url(self, url: bytes) -> None:
        self.head.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.head.add(name.decode("latin-1").lower(), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        self.head.complete = True


def read_head(data: bytes) -> Head | None:
    """Return the head that ``data`` begins with, complete where its blank line is there; None where it is none.

    Of an incomplete head, or one that breaks the grammar behind its first line, the header lines before are kept.
    """
    if not _FIRST_LINE.match(data):
        return None
    listener = _Listener()
    answer = data.startswith(RESPONSE)
    # The parser holds the listener, which must not hold the parser: such a ring waits for the garbage collector.
    parser: Any = (httptools.HttpResponseParser if answer else httptools.HttpRequestParser)(listener)
    # CONNECT and upgrades end HTTP for the parser: the head was read before.
    with suppress(httptools.HttpParserUpgrade, httptools.HttpParserError):
        parser.feed_data(data)
    head = listener.head
    words = data.split(b"\n", 1)[0].split()
    if answer:
        head.version, head.status = words[0][5:].decode("latin-1"), int(words[1][:3])
    else:
        head.method, head.version = words[0].decode("latin-1"), words[-1][5:].decode("latin-1")
    head.host = head.value("host")
    return head


def walk(stream: Stream, asked: Sequence[str] | None = None) -> Walk:
    """Return every head of ``stream``.

    ``asked`` are the methods of the requests that this stream answers, in order: an answer to HEAD has no body.
    None where they are not known.
    """
    result = Walk()
    answers = 0
    at = _begin(stream)
    while at is not None:
        at, lost = _aligned(stream, at)
        result.lost |= lost
        if at is None:
            break
        if stream.read(at, 4) == PREFACE[:4] and stream.read(at, len(PREFACE)) == PREFACE:
            result.http2_at = at + len(PREFACE)
            break
        data, ended = _head_bytes(stream, at)
        head = read_head(data)
        if head is None or not ended or not head.complete:
            result.lost = True
            if head is not None:
                head.complete = False
                result.found.append(Found(at, head))
            at = stream.next_mark(at + max(len(data), 1))
            continue
        result.found.append(Found(at, head))
        at += len(data)
        if head.status == 101 and "h2c" in head.listed("upgrade"):
            result.http2_at = at
            break
        method = asked[answers] if asked is not None and answers < len(asked) else None
        answers += head.status is not None and head.status >= 200
        at = after_body(stream, at, head, method)
    return result


def _begin(stream: Stream) -> int | None:
    """Return the place of the first head: the true beginning, behind a PROXY header, or the first likely segment."""
    if stream.opened:
        at = prefix_length(stream.read(0, MAX_HEAD)) if stream.read(0, 1) in (b"P", b"\r") else 0
        if _like_head(stream, at):
            return at
    return stream.next_mark(stream.starts[0]) if len(stream.starts) else None


def _like_head(stream: Stream, at: int) -> bool:
    return stream.read(at, 4) in (*STARTS, PREFACE[:4])


def _aligned(stream: Stream, at: int) -> tuple[int | None, bool]:
    """Return the place of the next head at or behind ``at``, and whether bytes of unknown meaning were passed over."""
    if _like_head(stream, at):
        return at, False
    while stream.read(at, 1) in (b"\r", b"\n"):  # RFC 9112, section 2.2: empty lines before a request
        at += 1
    if _like_head(stream, at):
        return at, False
    if not len(stream.ends) or at >= stream.ends[-1]:
        return None, False
    marked = stream.next_mark(at)
    while marked is not None and not _like_head(stream, marked):
        marked = stream.next_mark(marked + 1)
    return marked, True


def _head_bytes(stream: Stream, at: int) -> tuple[bytes, bool]:
    """Return the bytes of the head at ``at`` and whether its end is among them.

    What is no head after all ends with its first line; so no byte is looked at more than a few times, whatever
    comes.
    """
    data = bytearray()
    checked = False
    for chunk in _steps(stream.chunks(at, MAX_HEAD)):
        before = max(len(data) - 3, 0)
        data += chunk
        if not checked:
            line = data.find(b"\n", before)
            if line < 0:
                continue
            checked = True
            if not _FIRST_LINE.match(data):
                return bytes(data[: line + 1]), False
        blank = _BLANK.search(data, before)
        if blank:
            return bytes(data[: blank.end()]), True
    return bytes(data), False


def _steps(chunks: Iterator[memoryview]) -> Iterator[memoryview]:
    """Cut large pieces: heads are small, super-frames hold many of them."""
    for chunk in chunks:
        if len(chunk) <= _STEP:
            yield chunk
            continue
        for at in range(0, len(chunk), _STEP):
            yield chunk[at : at + _STEP]


def after_body(stream: Stream, at: int, head: Head, method: str | None) -> int | None:
    """Hash the body that begins at ``at``; return the place behind it, None where nothing can come behind it."""
    answer = head.status is not None
    if answer and (head.status in (204, 304) or (head.status or 0) < 200 or method == "HEAD"):
        return at
    if method is None and answer and stream.next_mark(at) == at and stream.read(at, 7) == b"HTTP/1.":
        return at  # the request was not seen: what begins like the next answer is one, so this one was to HEAD
    if answer and method == "CONNECT" and (head.status or 0) < 300:
        return at  # RFC 9110, section 9.3.6: a tunnel; what it carries may be HTTP again
    if head.chunked:
        return _after_chunks(stream, at, head)
    if head.length is not None and not head.listed("transfer-encoding"):
        head.body.feed(stream.chunks(at, head.length), head.length)
        head.body_ended = True
        return at + head.length
    if not answer:
        return at
    # RFC 9112, section 6.3: an answer without a length ends with its connection.
    if stream.fin is not None and stream.fin >= at:
        head.body.feed(stream.chunks(at, stream.fin - at), stream.fin - at)
        head.body_ended = True
    return None


def _after_chunks(stream: Stream, at: int, head: Head) -> int:
    """Step over a chunked body (RFC 9112, section 7.1); return where it ends or where it cannot be followed."""
    while line := _SIZE.match(_line(stream, at)):
        size = int(line[1], 16)
        at += line.end()
        if size == 0:
            head.body_ended = True
            return _after_trailers(stream, at)
        head.body.feed(stream.chunks(at, size), size)
        at += size
        at += 2 if stream.read(at, 2) == b"\r\n" else int(stream.read(at, 1) == b"\n")
    return at


def _line(stream: Stream, at: int) -> bytes:
    """Return the bytes at ``at`` that hold a chunk's size, a few at first: extensions are rare."""
    short = stream.read(at, 20)
    return short if b"\n" in short else stream.read(at, _MAX_CHUNK_LINE)


def _after_trailers(stream: Stream, at: int) -> int:
    """Return the place behind the trailer lines and the blank line that end a chunked body."""
    data = stream.read(at, _MAX_TRAILERS)
    if data.startswith((b"\r\n", b"\n")):
        return at + (2 if data[:1] == b"\r" else 1)
    blank = _BLANK.search(data)
    return at + blank.end() if blank else at
