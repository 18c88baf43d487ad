"""HTTP heads as columns, and messages: one head each, with every sighting of it.

A head has many fields and few are asked for: each is turned into Python values once, for all messages, when it is
first wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from captools.correlate.sightings import Ints, Sightings


@dataclass(slots=True)
class Heads:
    """The heads of different messages (schema HTTP)."""

    table: pa.Table
    _headers: dict[str, dict[int, str]] = field(default_factory=dict)

    def header(self, name: str) -> dict[int, str]:
        """Return the first header called ``name`` (lower case) of every head that has it, by the head's number."""
        found = self._headers.get(name)
        if found is None:
            found = self._headers[name] = self._find(name)
        return found

    def _find(self, name: str) -> dict[int, str]:
        column = self.table["headers"].combine_chunks()
        if isinstance(column, pa.ChunkedArray) or not len(column):
            return {}
        begin = column.offsets.to_numpy()
        hits = np.flatnonzero(pc.equal(column.keys, name).to_numpy(zero_copy_only=False))
        heads = np.searchsorted(begin, hits, side="right") - 1
        values = column.items.take(pa.array(hits)).to_pylist()
        found: dict[int, str] = {}
        for head, value in zip(heads.tolist(), values, strict=True):
            found.setdefault(head, value)
        return found


@dataclass(slots=True)
class Seen:
    """The sightings of one thing by time: rows, times, codes of their points, TTLs."""

    rows: list[int] = field(default_factory=list)
    ts: list[int] = field(default_factory=list)
    points: list[int] = field(default_factory=list)
    ttl: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, rows: Sightings, these: Ints) -> Seen:
        """Return the sightings that some rows are."""
        by_time = these[np.argsort(rows["ts_ns"][these], kind="stable")]
        return cls(by_time.tolist(), *(rows[name][by_time].tolist() for name in ("ts_ns", "point", "ttl")))

    def first(self, clocks: Sequence[str]) -> dict[str, int]:
        """Return the time of the first sighting on each clock; ``clocks`` names that of each point."""
        found: dict[str, int] = {}
        for code, when in zip(self.points, self.ts, strict=True):
            found.setdefault(clocks[code], when)
        return found


@dataclass(slots=True)
class Message:
    """One HTTP head. ``first`` is the time of its first sighting on each clock.

    ``stream`` is None for HTTP/1, ``body_hash`` for a body that is empty or not all there, ``status`` for a request.
    """

    heads: Heads
    at: int
    seen: Seen
    first: dict[str, int]
    ts_ns: int  # of the first sighting
    method: str
    path: str
    host: str
    status: int | None
    xff: tuple[str, ...]
    request_id: str | None
    content_length: int | None
    body_hash: int | None
    stream: int | None
    at_byte: int  # of its segment's payload
    complete: bool

    def header(self, name: str) -> str | None:
        """Return the first header called ``name`` (lower case)."""
        return self.heads.header(name).get(self.at)

    def headers(self) -> dict[str, str]:
        """Return the first header of each name (lower case)."""
        found: dict[str, str] = {}
        for name, value in self.heads.table["headers"][self.at].as_py() or ():
            found.setdefault(name, value)
        return found


def messages(heads: Heads, seen: Sequence[Seen], clocks: Sequence[str]) -> list[Message]:
    """Return the messages of ``heads``, given the sightings of each and the name of each point's clock."""
    columns = [heads.table[name].to_pylist() for name in _COLUMNS]
    return [
        Message(heads, at, seen[at], seen[at].first(clocks), seen[at].ts[0], method or "", path or "", host or "",
                status, tuple(xff or ()), *rest)
        for at, (method, path, host, status, xff, *rest) in enumerate(zip(*columns, strict=True))
    ]  # fmt: skip


_COLUMNS = ("method", "path", "host", "status", "xff", "request_id", "content_length", "body_hash", "stream", "at",
            "complete")  # fmt: skip
