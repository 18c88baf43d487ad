"""Join the rows of many sources to packets (captools.wire.kernels.join): memory does not grow with the captures.

What comes out is small: of each lane how many packets it saw first, of each pair of lanes how many packets both saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from captools.wire.bytesview import U64, Ints
from captools.wire.kernels import join_tables as tables
from captools.wire.kernels.native import Native

MAX_TRANSIT_NS = 2_000_000_000  # a packet that takes longer through the cluster is a new one to us
SLOTS = 1 << 17


class Rows(NamedTuple):
    """Some rows of one source: time, the two prints (captools.wire.prints), and the lane, counted over all sources."""

    ts_ns: Ints
    print: U64
    second: U64
    lane: npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two lanes that saw the same packets; ``first`` is the one whose rows came first, in turns of about a millisecond.

    Delays (``least_ns``, ``greatest_ns``, ``sum_ns``: time at ``lane`` less time at ``first``, by the clocks of their
    points) are of the ``timed`` packets, those with a print of their own; within a turn they may be negative.
    """

    first: Ints
    lane: Ints
    matched: Ints
    timed: Ints
    least_ns: Ints
    greatest_ns: Ints
    sum_ns: Ints

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, slots=True)
class Joined:
    """What a join found. By lane: ``firsts``, packets counted here because no lane had them before (so their sum is how
    many different packets there are); ``again``, rows with a print that the lane had before: sent again, or alike.

    ``evicted`` prints made room for newer ones before their time.
    """

    firsts: Ints
    again: Ints
    pairs: Pairs
    evicted: int


def join_rows(
    sources: Sequence[Iterator[Rows]],
    lanes: int,
    *,
    ahead_ns: Sequence[int] = (),
    window_ns: int = MAX_TRANSIT_NS,
    slots: int = SLOTS,
) -> Joined:
    """Join the rows of ``sources``, each in the order of its file; ``lanes`` is how many lanes there are in all.

    ``ahead_ns`` says of each source how far its clock runs ahead. A packet may take ``window_ns`` from the lane that
    saw it first to another; ``slots`` (a power of two) prints are held at one time.
    """
    if lanes > tables.MOST_LANES:
        raise ValueError(f"{lanes:,} lanes, where {tables.MOST_LANES:,} can be told apart")
    to, feed = tables.Tables(lanes, slots), _Feed(sources, ahead_ns or [0] * len(sources))
    join, index_pairs = Native("join.join"), Native("join.index_pairs")
    window = window_ns >> tables.TURN_BITS
    feed.refill()
    while True:
        join(
            feed.ts, feed.prints, feed.seconds, feed.lanes, feed.at, feed.ends, feed.goes_on, window, to.block,
            to.keys, to.entries, to.counts, to.index, to.pairs, to.counters,
        )  # fmt: skip
        if to.counters[tables.STATUS] == tables.PAIRS_FULL:
            to.grow_pairs()
            index_pairs(to.pairs, int(to.counters[tables.PAIRS]), to.index)
        elif not feed.refill():
            join.forget()
            index_pairs.forget()
            return _found(to)


def _found(to: tables.Tables) -> Joined:
    """Return what is wanted of the tables; they are several times as large, and go one by one."""
    firsts, again = to.take_counts()
    key, *columns = to.take_pairs()
    return Joined(firsts, again, Pairs((key >> 32) - 1, key & 0xFFFFFFFF, *columns), int(to.counters[tables.EVICTED]))


class _Feed:
    """The rows at hand of every source: one line of each array per source."""

    def __init__(self, sources: Sequence[Iterator[Rows]], ahead_ns: Sequence[int]) -> None:
        self._sources, self._ahead = sources, ahead_ns
        count = len(sources)
        self.at, self.ends = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self.goes_on = np.ones(count, np.bool_)
        self.ts = np.zeros((count, 0), np.int64)
        self.prints, self.seconds = np.zeros((count, 0), np.uint64), np.zeros((count, 0), np.uint64)
        self.lanes = np.zeros((count, 0), np.uint32)

    def _room(self, rows: int) -> None:
        """Make room for ``rows`` rows of each source; what stands there stays."""
        more = ((0, 0), (0, rows - self.ts.shape[1]))
        self.ts, self.lanes = np.pad(self.ts, more), np.pad(self.lanes, more)
        self.prints, self.seconds = np.pad(self.prints, more), np.pad(self.seconds, more)

    def refill(self) -> bool:
        """Fetch rows for the sources that have none left; tell whether there are any."""
        for number in np.flatnonzero((self.at == self.ends) & self.goes_on).tolist():
            rows = next((some for some in self._sources[number] if len(some.ts_ns)), None)
            if rows is None:
                self.goes_on[number] = False
                continue
            self._put(number, rows)
        return bool((self.at < self.ends).any())

    def _put(self, number: int, rows: Rows) -> None:
        count = len(rows.ts_ns)
        if count > self.ts.shape[1]:
            self._room(count)
        np.subtract(rows.ts_ns, self._ahead[number], out=self.ts[number, :count])
        lines: tuple[tuple[npt.NDArray[Any], npt.NDArray[Any]], ...] = (
            (self.prints, rows.print), (self.seconds, rows.second), (self.lanes, rows.lane)
        )  # fmt: skip
        for line, column in lines:
            line[number, :count] = column
        self.at[number], self.ends[number] = 0, count
