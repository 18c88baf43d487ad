"""What the join of prints keeps and writes: the layout of its tables, and room for them. No numba here."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BUCKET = 8  # words of a bucket, a cache line: keys, and behind them how many it was given so far
PLACES = BUCKET - 1  # keys of a bucket
# Words of an entry (one cache line): the lane that saw the newest packet first, and when; lanes and packets so far (16
# bits each); when it was seen last, in turns; then a word per lane, its rows with this print in the low bits.
FIRST, SINCE, COUNTS, LAST, LANES_AT, WORDS = 0, 1, 3, 4, 5, 16
HOLDS = WORDS - LANES_AT  # lanes that an entry remembers: others match, but are not told apart from themselves
COUNT_BITS = 5
MOST = (1 << COUNT_BITS) - 1  # a print that comes more often tells no packet
MOST_LANES = 1 << 32 - COUNT_BITS
PAIR_WORDS = 8  # of a pair: a cache line; delays are this lane's time less the first one's
PAIR_KEY, MATCHED, TIMED, LEAST, GREATEST, SUM = range(6)
# Of a lane: packets seen first here, rows with a print it had before, and its last pair (behind it: 0 is none).
FIRSTS, AGAIN, LAST_PAIR, LANE_COUNTS = 0, 1, 2, 4
BLOCK_WORDS = 4
BLOCK = 32  # rows that are looked up together: waits for memory then overlap
TURN_BITS = 20  # nanoseconds of a turn, about a millisecond: sources take turns, each with its rows of one

# Counters
PAIRS, EVICTED, STATUS, COUNTERS = range(4)
# STATUS: why a call ended
HUNGRY, PAIRS_FULL = range(2)  # a source that goes on has no row left; there is no room for further pairs


class Tables:
    """Room for ``slots`` prints (a power of two) at one time, and for what is counted of ``lanes`` lanes."""

    def __init__(self, lanes: int, slots: int) -> None:
        self.keys = np.zeros((slots // BUCKET, BUCKET), np.uint64)
        self.entries = np.zeros((slots, WORDS), np.uint32)
        self.counts = np.zeros((lanes, LANE_COUNTS), np.int64)
        # In order of first sight: those at work at one time lie together. Most lanes are one of a pair.
        self.pairs = np.zeros((lanes + 4 * BLOCK, PAIR_WORDS), np.int64)
        self.index = self._index()
        self.counters = np.zeros(COUNTERS, np.int64)
        self.block = np.zeros((BLOCK, BLOCK_WORDS), np.int64)

    def _index(self) -> npt.NDArray[np.int32]:
        """Return an empty hash table of numbers of pairs, half of it free when there is no further room for pairs."""
        return np.zeros(1 << (2 * len(self.pairs) - 1).bit_length(), np.int32)

    def grow_pairs(self) -> None:
        """Double the room for pairs; the new index is empty."""
        self.pairs = np.concatenate([self.pairs, np.zeros_like(self.pairs)])
        self.index = self._index()

    def take_counts(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return FIRSTS and AGAIN of all lanes, and let go of their table."""
        firsts, again = self.counts[:, FIRSTS].copy(), self.counts[:, AGAIN].copy()
        self.counts = np.zeros((0, LANE_COUNTS), np.int64)
        return firsts, again

    def take_pairs(self) -> tuple[npt.NDArray[np.int64], ...]:
        """Return the columns of the pairs found, from PAIR_KEY to SUM, and let go of their table and its index."""
        self.index = np.zeros(0, np.int32)
        count = int(self.counters[PAIRS])
        columns = tuple(self.pairs[:count, at].copy() for at in range(SUM + 1))
        self.pairs = np.zeros((0, PAIR_WORDS), np.int64)
        return columns
