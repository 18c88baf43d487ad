"""Which rows of several sources are one packet: a join of prints over a sliding window of time, in bounded memory.

All sources go through once, in order of time. A lane's k-th row with a print is the k-th packet of that print: the lane
that has a k-th row first saw the packet first, the other lanes match it. A print that nobody saw for the window's length
is forgotten; where more are alive than there is room for, the oldest go earlier.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.wire.kernels.compiler import inlined, kernel
from captools.wire.kernels.join_tables import (
    AGAIN,
    BLOCK,
    BLOCK_WORDS,
    BUCKET,
    COUNT_BITS,
    COUNTS,
    EVICTED,
    FIRST,
    FIRSTS,
    GREATEST,
    HOLDS,
    HUNGRY,
    LANES_AT,
    LAST,
    LAST_PAIR,
    LEAST,
    MATCHED,
    MOST,
    PAIR_KEY,
    PAIRS,
    PAIRS_FULL,
    PLACES,
    SINCE,
    STATUS,
    SUM,
    TIMED,
    TURN_BITS,
)
from captools.wire.kernels.prefetch import prefetch

_NONE = -1
_SOURCE, _ROW, _SLOT, _SECOND = range(BLOCK_WORDS)
_LINE, _COUNT_BYTES = 64, 32  # bytes of a row of keys, entries and pairs; and of counts
_LANE_SHIFT, _HALF, _ONE = np.uint32(COUNT_BITS), np.uint32(16), np.uint32(1)
_LOW, _ROWS_OF_LANE = np.uint32(0xFFFF), np.uint32(MOST)
_MIX, _HIGH = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)


@kernel
def _bucket(print_: Any, keys: Any) -> Any:
    """Return the bucket of a print."""
    return np.int64((print_ * _MIX) >> _HIGH) & (keys.shape[0] - 1)


@kernel
def _slot(print_: Any, keys: Any) -> Any:
    """Return the slot of a print; where it has none, give it that of the key which came first, and return its complement."""
    bucket = _bucket(print_, keys)
    hit = 0
    for place in range(PLACES):  # all of them, without a branch
        hit += (place + 1) * (keys[bucket, place] == print_)
    if hit > 0:
        return bucket * BUCKET + hit - 1
    given = np.int64(keys[bucket, PLACES])
    keys[bucket, PLACES] = np.uint64(given + 1)
    keys[bucket, given % PLACES] = print_
    return ~(bucket * BUCKET + given % PLACES)


@kernel
def _alive(entry: Any, turn: Any, window: Any) -> Any:
    """Tell whether a print was seen within ``window`` turns of ``turn``."""
    return abs(np.int64(np.int32(np.uint32(turn) - entry[LAST]))) <= window


@kernel
def _count_row(slot: Any, lane: Any, ts: Any, window: Any, entries: Any, c: Any) -> Any:
    """Count a row of ``lane`` in an entry; return whether another lane had the packet, and whether this one had some."""
    word = np.uint32(lane) << _LANE_SHIFT
    turn = ts >> TURN_BITS
    entry = entries[max(slot, ~slot)]
    alive = entry[COUNTS] != 0 and _alive(entry, turn, window)
    entry[LAST] = np.uint32(turn)
    had: Any = False
    if slot < 0 or not alive:
        c[EVICTED] += slot < 0 and alive
        entry[COUNTS] = _ONE << _HALF | _ONE
        entry[LANES_AT] = word | _ONE
    else:
        packets, used = np.int64(entry[COUNTS] & _LOW), np.int64(entry[COUNTS] >> _HALF)
        at = LANES_AT
        while at < LANES_AT + used and entry[at] >> _LANE_SHIFT != np.uint32(lane):
            at += 1
        seen: Any = 0
        had = at < LANES_AT + used
        if had:
            seen = np.int64(entry[at] & _ROWS_OF_LANE)
            entry[at] += np.uint32(seen < MOST)
        elif used < HOLDS:
            entry[COUNTS] += _ONE << _HALF
            entry[at] = word | _ONE
        if seen < packets:
            return True, had
        entry[COUNTS] += np.uint32(packets < MOST)
    entry[FIRST] = np.uint32(lane)
    entry[SINCE] = np.uint32(ts)
    entry[SINCE + 1] = np.uint32(ts >> 32)
    return False, had


@kernel
def _pair_key(first: Any, lane: Any) -> Any:
    return np.uint64(first + 1) << _HIGH | np.uint64(lane)


@kernel
def _pair_slot(key: Any, index: Any) -> Any:
    """Return where a pair of lanes starts to be looked for."""
    return np.int64((key * _MIX) >> _HIGH) & (index.shape[0] - 1)


@kernel
def _pair(key: Any, index: Any, pairs: Any, c: Any) -> Any:
    """Return the number of a pair of lanes, a new one where it is new."""
    slot = _pair_slot(key, index)
    while index[slot] != 0:
        if np.uint64(pairs[index[slot] - 1, PAIR_KEY]) == key:
            return np.int64(index[slot] - 1)
        slot = (slot + 1) & (index.shape[0] - 1)
    number = c[PAIRS]
    c[PAIRS] = number + 1
    index[slot] = number + 1
    pairs[number, PAIR_KEY] = np.int64(key)
    return number


@kernel
def _match(entry: Any, lane: Any, ts: Any, counts: Any, index: Any, pairs: Any, c: Any) -> None:
    """Count a match of ``lane`` with the lane that saw the packet first."""
    key = _pair_key(np.int64(entry[FIRST]), lane)
    number = counts[lane, LAST_PAIR] - 1
    if number < 0 or np.uint64(pairs[number, PAIR_KEY]) != key:
        number = _pair(key, index, pairs, c)
        counts[lane, LAST_PAIR] = number + 1
    pair = pairs[number]
    pair[MATCHED] += 1
    if entry[COUNTS] & _LOW == 1:  # else it is not certain which packet of this print it is
        delay = ts - (np.int64(entry[SINCE + 1]) << 32 | np.int64(entry[SINCE]))
        pair[LEAST] = delay if pair[TIMED] == 0 else min(delay, pair[LEAST])
        pair[GREATEST] = delay if pair[TIMED] == 0 else max(delay, pair[GREATEST])
        pair[TIMED] += 1
        pair[SUM] += delay


@inlined
def _gather(
    ts: Any, prints: Any, seconds: Any, lanes: Any, at: Any, ends: Any, goes_on: Any, block: Any, keys: Any,
    counts: Any,
) -> Any:  # fmt: skip
    """Take the next rows with a print into ``block``; return how many, or _NONE where a source has to go on first."""
    count = 0
    while count < BLOCK:
        first, earliest = _NONE, np.int64(0)
        for source in range(at.shape[0]):
            if at[source] < ends[source]:
                turn = ts[source, at[source]] >> TURN_BITS
                if first == _NONE or turn < earliest:
                    first, earliest = source, turn
            elif goes_on[source]:
                return count if count else _NONE
        if first == _NONE:
            return count if count else _NONE
        row = at[first]
        while count < BLOCK and row < ends[first] and ts[first, row] >> TURN_BITS <= earliest:
            if prints[first, row] != 0:
                block[count, _SOURCE], block[count, _ROW] = first, row
                count += 1
                bucket = _bucket(prints[first, row], keys)
                prefetch(keys, bucket * _LINE)
                prefetch(counts, np.int64(lanes[first, row]) * _COUNT_BYTES)
                if seconds[first, row] != 0:
                    bucket = _bucket(seconds[first, row], keys)
                    prefetch(keys, bucket * _LINE)
            row += 1
        at[first] = row
    return count


@kernel
def join(
    ts: Any, prints: Any, seconds: Any, lanes: Any, at: Any, ends: Any, goes_on: Any, window: Any, block: Any,
    keys: Any, entries: Any, counts: Any, index: Any, pairs: Any, c: Any,
) -> None:  # fmt: skip
    """Take the rows of all sources in order of time, until STATUS says why it ends.

    Each source's rows stand in one row of ``ts``, ``prints``, ``seconds`` and ``lanes``, from ``at`` to ``ends``;
    ``goes_on`` tells whether more follow, ``window`` how many turns a print is remembered. A print of 0 tells nothing; a
    second one of 0 is none.
    """
    while True:
        if c[PAIRS] + BLOCK > pairs.shape[0]:
            c[STATUS] = PAIRS_FULL
            return
        count = _gather(ts, prints, seconds, lanes, at, ends, goes_on, block, keys, counts)
        if count == _NONE:
            c[STATUS] = HUNGRY
            return
        # Slots are claimed for the whole block before any entry is looked at; entries are then written in the same
        # order, so that one claimed from a row of this block still serves that row.
        for number in range(count):
            source, row = block[number, _SOURCE], block[number, _ROW]
            slot = _slot(prints[source, row], keys)
            block[number, _SLOT] = slot
            prefetch(entries, max(slot, ~slot) * _LINE)
            if seconds[source, row] != 0:
                slot = _slot(seconds[source, row], keys)
                block[number, _SECOND] = slot
                prefetch(entries, max(slot, ~slot) * _LINE)
        for number in range(count):
            if block[number, _SLOT] >= 0:
                lane = np.int64(lanes[block[number, _SOURCE], block[number, _ROW]])
                prefetch(pairs, max(counts[lane, LAST_PAIR] - 1, 0) * _LINE)
        for number in range(count):
            source, row, slot = block[number, _SOURCE], block[number, _ROW], block[number, _SLOT]
            lane, time = np.int64(lanes[source, row]), ts[source, row]
            matched, had = _count_row(slot, lane, time, window, entries, c)
            counts[lane, AGAIN] += had
            if matched:
                _match(entries[slot], lane, time, counts, index, pairs, c)
            if seconds[source, row] != 0:
                slot = block[number, _SECOND]
                beside, had = _count_row(slot, lane, time, window, entries, c)
                if beside and not matched:
                    _match(entries[slot], lane, time, counts, index, pairs, c)
                    matched = True
            counts[lane, FIRSTS] += not matched


@kernel
def index_pairs(pairs: Any, count: Any, index: Any) -> None:
    """Enter the first ``count`` pairs into an empty index."""
    for number in range(count):
        slot = _pair_slot(np.uint64(pairs[number, PAIR_KEY]), index)
        while index[slot] != 0:
            slot = (slot + 1) & (index.shape[0] - 1)
        index[slot] = number + 1
