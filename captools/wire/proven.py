"""Messages whose places the scan has proven: read from their own bytes, without putting streams together.

Only a body that goes on in further segments needs its stream, for its hash.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from captools.wire.bodies import MAX_BODY, Body
from captools.wire.bytesview import Bools, Slices
from captools.wire.http import may_begin
from captools.wire.http1 import Found, Head, after_body, read_head
from captools.wire.segments import lane_streams
from captools.wire.shards import Shards
from captools.wire.streams import Stream
from captools.wire.tls import Hello, read_hello

_RECORD = 5  # bytes of a TLS record's header
_Long = dict[int, list[tuple[int, Head]]]  # row: where in its payload a body begins, and its head


def proven_heads(shards: Shards, sure: Bools, data: Slices) -> tuple[list[tuple[int, int, Found]], Bools]:
    """Return the heads of the conversations that are ``sure``, and which of these their own bytes confirm."""
    heads = shards.side("heads")
    heads = heads.filter(pa.array(_of(shards, heads, sure)))
    sides = shards.talks.code[heads["lane"].to_numpy()]
    fins = shards.talks.flows["fins"][sides] > 0
    names = ("row", "at", "offset", "length", "behind", "status", "content_length", "chunked")
    columns = [heads[name].to_pylist() for name in names]
    confirmed = sure.copy()
    found: list[tuple[int, tuple[int, int, Found]]] = []
    long: _Long = {}
    long_sides = np.zeros(len(shards.talks.flows["fins"]), np.bool_)
    for side, closed, row, at, offset, length, behind, status, size, chunked in zip(
        sides.tolist(), fins.tolist(), *columns, strict=True
    ):
        end = offset + length
        head = read_head(data[offset:end].tobytes())
        if head is None or not head.complete or (head.status, head.length, head.chunked) != (status, size, chunked):
            confirmed[side >> 1] = False
            continue
        found.append((side >> 1, (row, at, Found(at, head))))
        if not _short_body(head, data[end : end + behind], closed=closed):
            long.setdefault(row, []).append((at + length, head))
            long_sides[side] = True
    _long_bodies(shards, long, long_sides, data)
    return [one for talk, one in found if confirmed[talk]], confirmed


def _of(shards: Shards, messages: pa.Table, talks: Bools) -> Bools:
    """Tell which messages belong to one of the conversations."""
    code = shards.talks.code[messages["lane"].to_numpy()]
    found: Bools = code >= 0
    found[found] = talks[code[found] >> 1]
    return found


def _short_body(head: Head, behind: memoryview, *, closed: bool) -> bool:
    """Hash the body if it lies in the head's own segment, whose bytes ``behind`` it these are; tell whether it does.

    ``closed``: the end of the stream was seen.
    """
    answer = head.status is not None
    if answer and ((head.status or 0) < 200 or head.status in (204, 304)):
        return True
    if head.chunked:
        after_body(_piece(behind), 0, head, None)
        if not head.body_ended:
            head.body = Body()
        return head.body_ended
    if head.length is None:
        return not answer or not closed  # RFC 9112, section 6.3: an answer without a length ends with its connection
    if len(behind) < head.length <= MAX_BODY:
        return False
    head.body.feed((behind[: head.length],), head.length)
    head.body_ended = True
    return True


def _piece(data: memoryview) -> Stream:
    """Return a stream of one piece."""
    return Stream(data, [0], [len(data)], [0], [0], [0], [], opened=False, fin=None)


def _long_bodies(shards: Shards, long: _Long, sides: Bools, data: Slices) -> None:
    """Hash the bodies that go on in further segments of their ``sides``."""
    if not long:
        return
    segments = shards.segments(sides, lambda head, length, lane: may_begin(head, length))
    for _, streams in lane_streams(segments, data):
        for stream in streams:
            for number, row in enumerate(stream.rows):
                for at, head in long.pop(row, ()):
                    within = at - (stream.places[number] - stream.origins[number])
                    after_body(stream, stream.starts[number] + within, head, None)


def proven_hellos(shards: Shards, sure: Bools, data: Slices) -> Iterable[tuple[int, Hello]]:
    """Yield the hellos of the conversations that are ``sure``, with their rows."""
    hellos = shards.side("hellos")
    hellos = hellos.filter(pa.array(_of(shards, hellos, sure)))
    columns = [hellos[name].to_pylist() for name in ("row", "offset", "length")]
    for row, offset, length in zip(*columns, strict=True):
        hello = read_hello(data[offset + _RECORD : offset + _RECORD + length].tobytes())
        if hello is not None:
            yield row, hello
