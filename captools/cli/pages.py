"""The packets of a session that pass a display filter, a page at a time: what ``captools packets`` prints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from captools.deep.keys import NO_KEYS, Keys
from captools.pipeline import Session
from captools.store.load import Loaded
from captools.views.filter.tables import Tables

if TYPE_CHECKING:
    from captools.views.filter import Filter

Rows = npt.NDArray[np.int64]


class Judge(Protocol):
    """What chooses rows of a page."""

    @property
    def tables(self) -> frozenset[str]:
        """Which tables of payloads it asks: http, tls, dns."""

    def rows(self, session: Session, source: Loaded, page: Tables) -> Rows:
        """Return the rows of ``page`` that pass."""


class Everything:
    """Lets all rows pass."""

    tables: frozenset[str] = frozenset()

    def rows(self, session: Session, source: Loaded, page: Tables) -> Rows:
        """Return all rows."""
        return np.arange(len(page.packets), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class ByFilter:
    """Our own display filter."""

    filter: Filter

    @property
    def tables(self) -> frozenset[str]:
        """What the filter asks."""
        return self.filter.tables

    def rows(self, session: Session, source: Loaded, page: Tables) -> Rows:
        """Return the rows that pass."""
        return np.flatnonzero(self.filter.mask(page).to_numpy(False))


class ByTshark:
    """tshark's own, asked once for each file."""

    tables: frozenset[str] = frozenset()

    def __init__(self, text: str, keys: Keys = NO_KEYS) -> None:
        self._text, self._keys = text, keys
        self._frames: dict[str, npt.NDArray[Any]] = {}

    def rows(self, session: Session, source: Loaded, page: Tables) -> Rows:
        """Return the rows whose frames pass."""
        from captools.deep.display_filter import frames_by_tshark

        name = source.source.name
        if name not in self._frames:
            path, ports = source.source.path, session.tunnel_ports
            found = frames_by_tshark(path, self._text, vxlan_ports=ports, keys=self._keys)
            self._frames[name] = np.asarray(found, np.int64)
        return np.flatnonzero(np.isin(page.packets["frame"].to_numpy(), self._frames[name]))


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of the packet table with their tables of payloads, and which of them passed."""

    tables: Tables
    keep: Rows


def pages(session: Session, judge: Judge, asked: frozenset[str], count: int | None) -> Iterator[Page]:
    """Yield pages until ``count`` rows have passed (None: all); at least one, so that the columns are known.

    ``asked`` are the tables of payloads that whoever prints needs.
    """
    heads: dict[str, pa.Table] = {name: getattr(session.opened, name)() for name in judge.tables | asked}
    at, left = 0, count
    before: dict[str, tuple[int, int]] = {}
    for source, _first, packets in session.opened.batches():
        if not len(packets):
            continue
        stamps = packets["ts_ns"]
        start = before.get(source.source.name, (stamps[0].as_py(),) * 2)
        here = {name: _window(table, at, len(packets)) for name, table in heads.items()}
        page = Tables(packets=packets, before=start, **here)
        before[source.source.name] = start[0], stamps[-1].as_py()
        keep = judge.rows(session, source, page)
        keep = keep if left is None else keep[:left]
        left = None if left is None else left - len(keep)
        at += len(packets)
        yield Page(page, keep)
        if left == 0:  # before the next page is decoded
            return
    if not at:
        yield Page(Tables(packets=session.opened.page(0, 0)), np.empty(0, np.int64))


def _window(heads: pa.Table, first: int, count: int) -> pa.Table:
    """Return the rows of a table of payloads that point into ``count`` packets from ``first`` on, counted from there."""
    row = heads["row"].to_numpy()
    held = np.flatnonzero((row >= first) & (row < first + count))
    some = heads.take(pa.array(held))
    at = heads.schema.get_field_index("row")
    return some.set_column(at, heads.schema.field("row"), pc.subtract(some["row"], first))
