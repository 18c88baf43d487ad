"""The HTTP, TLS and DNS tables of a capture that the kernels decoded: exactly those of the reference, made on demand.

The scan (HEADS, HELLOS) has found where messages lie. Where it proves that it found all of a conversation's, only
their bytes are read; where it does not (a flow is ``odd``), the streams of that conversation are put together and
read by the reference (captools.wire.http, .tls). DNS is read from the packets of its ports.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

import numpy as np
import pyarrow as pa

from captools.model.narrow import Narrow
from captools.model.packets import Proto
from captools.wire import dns, http, tls
from captools.wire.bytesview import Bools, Ints, Slices
from captools.wire.decode import Naming
from captools.wire.proven import proven_heads, proven_hellos
from captools.wire.segments import streams
from captools.wire.shards import Shards

GROUP = 40_000  # heads


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from running: so many new values, none of them garbage, would wake it all the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Messages:
    """The messages of one capture file.

    ``shards`` are the normalised tables of its byte ranges, in file order (of ``packets``, only the columns of
    captools.wire.shards.COLUMNS are needed); ``data`` is the file (after decompression).
    """

    def __init__(self, shards: Sequence[Narrow], naming: Naming, data: Slices) -> None:
        self._shards = Shards(shards, naming)
        self._data = data

    @_uncollected()
    def http(self) -> pa.Table:
        """Return the HTTP table (schema HTTP)."""
        some = self._shards.talks.any_of("http")
        tables = [self._http(some & (self._group == group)) for group in range(int(self._group.max(initial=0)) + 1)]
        return pa.concat_tables(tables).unify_dictionaries().sort_by([("row", "ascending"), ("at", "ascending")])

    @cached_property
    def _group(self) -> Ints:
        """Number conversations in groups of about GROUP heads: so many are objects at one time."""
        talks = self._shards.talks
        talk = talks.code[self._shards.side("heads")["lane"].to_numpy()] >> 1
        heads = np.bincount(talk[talk >= 0], minlength=len(talks.split))
        found: Ints = np.cumsum(heads) // GROUP
        return found

    def _http(self, some: Bools) -> pa.Table:
        """Return the HTTP table of the conversations that are ``some``."""
        talks = self._shards.talks
        found, confirmed = proven_heads(self._shards, some & ~talks.any_of("odd") & ~talks.split, self._data)
        doubtful = some & ~confirmed
        if doubtful.any():
            segments = self._shards.segments(
                np.repeat(doubtful, 2), lambda head, length, lane: http.may_begin(head, length)
            )
            for sides in streams(segments, self._data):
                found += http.heads_of(*sides)
        found.sort(key=lambda one: one[:2])
        return http.http_table(found, self._shards.places([row for row, _, _ in found]))

    @_uncollected()
    def tls(self) -> pa.Table:
        """Return the TLS table (schema TLS)."""
        talks = self._shards.talks
        some = talks.any_of("tls")
        sure = some & ~talks.any_of("odd_tls") & ~talks.split
        found = list(proven_hellos(self._shards, sure, self._data))
        doubtful = some & ~sure
        if doubtful.any():
            segments = self._shards.segments(np.repeat(doubtful, 2), lambda head, length, lane: tls.may_begin(head))
            for sides in streams(segments, self._data):
                for stream in (*sides[0], *sides[1]):
                    found += tls.hellos_of(stream)
        found.sort(key=lambda one: one[0])
        return tls.tls_table(found, self._shards.places([row for row, _ in found]))

    @_uncollected()
    def dns(self) -> pa.Table:
        """Return the DNS table (schema DNS)."""
        shards, data = self._shards, self._data
        udp = self._at(dns.PORT, dns.MULTICAST_PORT) & (shards.lane_numbers("proto") == Proto.UDP)
        some = shards.payloads(udp)
        found = []
        for row, begin, held in zip(some.row.tolist(), some.begin.tolist(), some.held.tolist(), strict=True):
            message = dns.read_message(data[begin : begin + held].tobytes())
            if message is not None:
                found.append((row, message))
        tcp = self._at(dns.PORT) & (shards.talks.code >= 0)
        if tcp.any():
            sides = np.zeros(len(shards.talks.flows["packets"]), np.bool_)
            sides[shards.talks.code[tcp]] = True
            segments = shards.segments(sides, lambda head, length, lane: np.ones(len(lane), np.bool_))
            for one, other in streams(segments, data):
                for stream in (*one, *other):
                    found += dns.messages_of(stream)
        found.sort(key=lambda one: one[0])
        return dns.dns_table(found, shards.places([row for row, _ in found]))

    def _at(self, *ports: int) -> Bools:
        """Tell which lanes use one of the ports."""
        sport, dport = (self._shards.lane_numbers(name) for name in ("sport", "dport"))
        found: Bools = np.isin(sport, ports) | np.isin(dport, ports)
        return found
