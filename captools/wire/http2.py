"""HTTP/2 in clear on one stream (RFC 9113): header blocks by python-hyper's hpack, and a hash of every body.

A decoder that joined late holds the newest table entries only, which is all that HPACK counts from: what it can
decode is right, what refers to older entries fails (RFC 7541, section 2.3.3). So after a gap or an error a new
decoder goes on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from hpack import Decoder, HPACKError

from captools.wire.http1 import Found, Head, Walk
from captools.wire.streams import Stream

_DATA, _HEADERS, _SETTINGS, _PUSH_PROMISE, _PING, _GOAWAY, _CONTINUATION = 0, 1, 4, 5, 6, 7, 9
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x4, 0x8, 0x20
_ON_CONNECTION = (_SETTINGS, _PING, _GOAWAY)
_HEADER = 9  # RFC 9113, section 4.1
MAX_BLOCK = 65_536
_MAX_FRAME = 1 << 20  # far above what servers announce; more means that this is no frame
_MAX_TABLE = 1 << 20  # what a peer may announce as SETTINGS_HEADER_TABLE_SIZE before we stop following
_MAX_OPEN = 1_000  # streams whose body is still coming


@dataclass(frozen=True, slots=True)
class _Frame:
    at: int
    length: int
    kind: int
    flags: int
    stream: int

    @property
    def end(self) -> int:
        return self.at + _HEADER + self.length

    def plausible(self) -> bool:
        """Tell whether the parts fit each other (RFC 9113, section 6): what a frame among other bytes must do."""
        if self.length > _MAX_FRAME or self.kind > _CONTINUATION:
            return False
        if self.kind == _SETTINGS and self.length % 6:
            return False
        return self.kind == 8 or (self.stream == 0) == (self.kind in _ON_CONNECTION)  # WINDOW_UPDATE may be either


@dataclass(slots=True)
class _Reader:
    """The state of one direction: its HPACK table, a header block that is not whole yet, bodies that still come."""

    stream: Stream
    result: Walk = field(default_factory=Walk)
    decoder: Decoder = field(default_factory=lambda: _decoder())
    block: bytearray = field(default_factory=bytearray)
    first: _Frame | None = None  # the HEADERS frame that the block began with
    open: dict[int, Head] = field(default_factory=dict)

    def frame(self, one: _Frame) -> None:
        """Take one frame whose bytes are all there (of DATA, whose length is known)."""
        if one.kind == _DATA:
            self._data(one)
        elif one.kind in (_HEADERS, _PUSH_PROMISE):
            self.first, self.block = one, bytearray(_unpadded(self.stream, one))
        elif one.kind == _CONTINUATION and self.first is not None and self.first.stream == one.stream:
            self.block += self.stream.read(one.at + _HEADER, one.length)
        if one.kind in (_HEADERS, _PUSH_PROMISE, _CONTINUATION) and self.first is not None:
            if len(self.block) > MAX_BLOCK:
                self.missing()
            elif one.flags & _END_HEADERS:
                self._headers(self.first, bytes(self.block))
                self.first = None

    def missing(self) -> None:
        """Forget what a gap made unsure."""
        self.decoder, self.first = _decoder(), None
        self.open.clear()
        self.result.lost = True

    def _headers(self, frame: _Frame, block: bytes) -> None:
        try:
            fields = [(bytes(one[0]), bytes(one[1])) for one in self.decoder.decode(block, raw=True)]
        except (HPACKError, IndexError, ValueError):  # the table is not to be trusted any more
            self.decoder = _decoder()
            self.result.lost = True
            return
        if frame.kind == _PUSH_PROMISE:
            return
        head = _head(fields, frame.stream)
        if head is not None:
            self.result.found.append(Found(frame.at, head))
            self.open[frame.stream] = head
            if len(self.open) > _MAX_OPEN:
                del self.open[next(iter(self.open))]
        if frame.flags & _END_STREAM:
            self._ended(frame.stream)

    def _data(self, frame: _Frame) -> None:
        head = self.open.get(frame.stream)
        if head is None:
            return
        begin, size = frame.at + _HEADER, frame.length
        if frame.flags & _PADDED:
            pad = self.stream.read(begin, 1)
            begin, size = begin + 1, max(size - 1 - (pad[0] if pad else 0), 0)
        head.body.feed(self.stream.chunks(begin, size), size)
        if frame.flags & _END_STREAM:
            self._ended(frame.stream)

    def _ended(self, stream: int) -> None:
        head = self.open.pop(stream, None)
        if head is not None:
            head.body_ended = True


def _decoder() -> Decoder:
    decoder = Decoder(max_header_list_size=MAX_BLOCK)
    decoder.max_allowed_table_size = _MAX_TABLE
    return decoder


def walk(stream: Stream, at: int | None = None) -> Walk:
    """Return the heads of the HTTP/2 frames from ``at`` on (None: from the beginning, which must be SETTINGS).

    Trailers and pushed requests are no heads of their own.
    """
    reader = _Reader(stream)
    for one in _frames(stream, at):
        if one is None:
            reader.missing()
        else:
            reader.frame(one)
    reader.result.lost |= reader.first is not None
    return reader.result


def _frames(stream: Stream, at: int | None) -> Iterator[_Frame | None]:
    """Yield the frames in order, None where frames may be missing."""
    if at is None:
        at = 0 if stream.opened else _joined(stream, -1)
    whole = -1  # all bytes from some frame before ``at`` up to here are there, and the next one is missing
    while at is not None and len(stream.ends) and at < stream.ends[-1]:
        frame = _frame(stream, at)
        # A body's bytes may be missing: its length is known, and no table depends on it.
        if frame is not None and frame.kind != _DATA and at > whole:
            whole = at + sum(map(len, stream.chunks(at)))
        if frame is None or not frame.plausible() or (frame.kind != _DATA and frame.end > whole):
            yield None
            at = _joined(stream, at)
            continue
        yield frame
        at = frame.end


def _frame(stream: Stream, at: int) -> _Frame | None:
    data = stream.read(at, _HEADER)
    if len(data) < _HEADER:
        return None
    stream_id = int.from_bytes(data[5:9], "big")
    return _Frame(at, int.from_bytes(data[:3], "big"), data[3], data[4], stream_id & 0x7FFF_FFFF)


def _joined(stream: Stream, at: int) -> int | None:
    """Return the first segment behind ``at`` that begins with a frame and holds nothing but frames."""
    for number in range(bisect_right(stream.starts, at), len(stream.starts)):
        if _only_frames(stream, stream.starts[number], stream.ends[number]):
            return stream.starts[number]
    return None


def _only_frames(stream: Stream, at: int, end: int) -> bool:
    while at < end:
        frame = _frame(stream, at)
        if frame is None or not frame.plausible():
            return False
        at = frame.end
    return True


def _unpadded(stream: Stream, frame: _Frame) -> bytes:
    """Return the header block fragment of a HEADERS or PUSH_PROMISE frame (RFC 9113, sections 6.2 and 6.6)."""
    data = stream.read(frame.at + _HEADER, frame.length)
    skip = pad = 0
    if frame.flags & _PADDED and data:
        skip, pad = 1, data[0]
    if frame.kind == _HEADERS and frame.flags & _PRIORITY:
        skip += 5
    if frame.kind == _PUSH_PROMISE:
        skip += 4
    return data[skip : max(len(data) - pad, skip)]


def _head(fields: list[tuple[bytes, bytes]], stream: int) -> Head | None:
    """Return the head that a header block is, None for trailers (RFC 9113, sections 8.1 and 8.3)."""
    texts = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]
    pseudo = {name: value for name, value in texts if name.startswith(":")}
    status = pseudo.get(":status", "")
    if ":method" not in pseudo and not (status.isascii() and status.isdigit() and len(status) == 3):
        return None
    head = Head(
        url=pseudo.get(":path", "").encode("latin-1"),
        complete=True,
        method=pseudo.get(":method"),
        status=None if ":method" in pseudo else int(status),
        version="2",
        stream=stream,
    )
    for name, value in texts:
        if not name.startswith(":"):
            head.add(name, value)
    head.host = pseudo.get(":authority") or head.value("host")
    return head
