"""The HTTP, TLS and DNS tables of a capture that the kernels decoded: exactly those of the reference, made on demand.

The scan (HEADS, HELLOS) has found where messages lie. Where it proves that it found all of a conversation's, only
their bytes are read; where it does not (a flow is ``odd``), the streams of that conversation are put together and
read by the reference (captools.wire.http, .tls). DNS is read from the packets of its ports.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa

from captools.model.narrow import Narrow
from captools.model.packets import Proto
from captools.wire import dns, http, tls
from captools.wire.bytesview import Bools
from captools.wire.decode import Naming
from captools.wire.http1 import Found
from captools.wire.proven import Proven, proven_heads, proven_hellos
from captools.wire.segments import streams
from captools.wire.shards import Shards

Ones = list[tuple[int, int, Found]]


class Messages:
    """The messages of one capture file.

    ``shards`` are the normalised tables of its byte ranges, in file order (of ``packets``, only the columns of
    captools.wire.shards.COLUMNS are needed); ``data`` is the file (after decompression): an mmap of it will do.
    """

    def __init__(self, shards: Sequence[Narrow], naming: Naming, data: memoryview) -> None:
        self._shards = Shards(shards, naming)
        self._data = data

    def http(self) -> pa.Table:
        """Return the HTTP table (schema HTTP)."""
        talks = self._shards.talks
        some = talks.any_of("http")
        sure = Proven(talks, some & ~talks.any_of("odd") & ~talks.split)
        found = proven_heads(self._shards, sure, self._data)
        doubtful = some & ~sure.talks
        if doubtful.any():
            segments = self._shards.segments(doubtful, lambda head, length, lane: http.may_begin(head, length))
            for sides in streams(segments, self._data):
                found += http.heads_of(*sides)
        found.sort(key=lambda one: one[:2])
        return http.http_table(found, self._shards.places([row for row, _, _ in found]))

    def tls(self) -> pa.Table:
        """Return the TLS table (schema TLS)."""
        talks = self._shards.talks
        some = talks.any_of("tls")
        sure = some & ~talks.any_of("odd_tls") & ~talks.split
        found = proven_hellos(self._shards, sure, self._data)
        doubtful = some & ~sure
        if doubtful.any():
            segments = self._shards.segments(doubtful, lambda head, length, lane: tls.may_begin(head))
            for sides in streams(segments, self._data):
                for stream in (*sides[0], *sides[1]):
                    found += tls.hellos_of(stream)
        found.sort(key=lambda one: one[0])
        return tls.tls_table(found, self._shards.places([row for row, _ in found]))
