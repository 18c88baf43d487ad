"""The captures of a large session side by side: their lanes, and which packets they share. Nothing per packet is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from captools.store import kernels
from captools.store.cache.entry import Entry
from captools.store.cache.prints import EntryLanes, entry_lanes, printed, room_for
from captools.store.memory import give_back
from captools.wire.bytesview import Ints
from captools.wire.lane_keys import LaneColumns
from captools.wire.same_packet import Joined, Rows, join_rows

T = TypeVar("T")
_READERS = 2


@dataclass(frozen=True, slots=True)
class Many:
    """Several entries and their lanes, which count through all of them: those of ``entries[n]`` from ``starts[n]`` on."""

    entries: tuple[Entry, ...]
    columns: LaneColumns
    lanes: tuple[EntryLanes, ...]  # parts of ``columns``
    starts: tuple[int, ...]  # one more than there are entries: at last how many lanes there are in all

    def sources(self) -> Ints:
        """Return for each of all lanes the number of its entry."""
        return np.repeat(np.arange(len(self.lanes)), np.diff(self.starts))

    def joined(self, *, ahead_ns: Sequence[int] = (), announce: Callable[[str], None] = lambda words: None) -> Joined:
        """Join the packets of all entries; ``ahead_ns`` as of captools.wire.same_packet.join_rows.

        ``announce`` is told where the kernels have yet to be compiled.
        """
        kernels.prepare(announce)
        with ThreadPoolExecutor(_READERS) as pool:
            some = [_ahead(self.rows(number), pool) for number in range(len(self.entries))]
            found = join_rows(some, self.starts[-1], ahead_ns=ahead_ns)
        give_back()
        return found

    def rows(self, number: int) -> Iterator[Rows]:
        """Yield the packets of an entry, in file order."""
        first = self.starts[number]
        for ts_ns, told, lane in printed(self.entries[number], self.lanes[number]):
            yield Rows(ts_ns, told.print, told.second, lane + np.uint32(first))


def side_by_side(entries: Sequence[Entry]) -> Many:
    """Return ``entries`` with their lanes read."""
    room = room_for(entries)
    lanes = tuple(entry_lanes(entry, room) for entry in entries)
    starts = np.cumsum([0, *(len(one.lanes) for one in lanes)]).tolist()
    return Many(tuple(entries), room.all(), lanes, tuple(starts))


def _ahead(items: Iterator[T], pool: ThreadPoolExecutor) -> Iterator[T]:
    """Yield ``items``, each made by ``pool`` while the one before is at work."""

    def fetch() -> T | None:
        return next(items, None)

    coming: Future[T | None] = pool.submit(fetch)
    while (item := coming.result()) is not None:
        coming = pool.submit(fetch)
        yield item
