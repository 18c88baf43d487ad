"""Repeats: what a TCP segment is to the ones before it at the same place.

Sequence ranges tell; an IP id or the time tells a retransmission from a second copy of the same packet. A keepalive is
no retransmission (RFC 9293, section 3.8.4), though it takes a byte that was sent before.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from captools.correlate.same.places import places
from captools.correlate.same.prints import fingerprint, mix_in
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.packets import Proto, TcpFlag

COPY_NS = 1_000_000  # equal packets without IP id so close together are copies: no sender retransmits so soon
_SPACE, _HALF_SPACE = 1 << 32, 1 << 31


class Repeat(IntEnum):
    """NEW: carries on or leaves a gap · the others: see the words of each."""

    NEW = 0
    RETRANSMITTED = 1  # the same bytes again, in another packet
    DUPLICATE = 2  # the same packet again
    REORDERED = 3  # bytes that others overtook
    PARTIAL = 4  # some of its bytes were seen before
    KEEPALIVE = 5


def repeats(rows: Sightings, lane: Ints, *, times: Ints | None = None) -> npt.NDArray[np.int8]:
    """Return one Repeat per row; rows that carry no TCP bytes, SYN or FIN are NEW. ``lane``: see captools…same.lanes.

    ``times`` (one per row, in nanoseconds) replaces the stamps where the nodes' clocks are known to differ.
    """
    times = rows["ts_ns"] if times is None else times
    out = np.zeros(len(rows), np.int8)
    flags = rows["tcp_flags"]
    takes = (flags != ABSENT) & (flags & (TcpFlag.SYN | TcpFlag.FIN) != 0)
    length = np.clip(rows["payload_len"], 0, None) + takes
    sized = (lane != ABSENT) & (rows["proto"] == Proto.TCP) & (rows["seq"] != ABSENT) & (length > 0)
    of = np.flatnonzero(sized)
    if not len(of):
        return out
    key = np.zeros(len(of), np.uint64)
    # Behind an address translation at the same point the same bytes come by once more, with other addresses.
    for column in (lane, places(rows), rows["source"], rows["src"], rows["dst"]):
        key = mix_in(key, column[of])
    order = np.lexsort((times[of], key))
    of, key = of[order], key[order]
    new = np.r_[True, key[1:] != key[:-1]]
    stream = np.cumsum(new) - 1
    begin = unwrapped(rows["seq"][of], new, stream)
    end = begin + length[of]
    before = highest_before(stream, end, new)
    old = np.flatnonzero(begin < before)
    alive = (begin[old] == before[old] - 1) & (rows["payload_len"][of[old]] <= 1) & ~takes[of[old]]
    out[of[old]] = _kinds(rows, of, stream, begin, end, times)[old]
    out[of[old[alive]]] = Repeat.KEEPALIVE
    return out


def unwrapped(seq: Ints, new: npt.NDArray[np.bool_], stream: Ints) -> Ints:
    """Return sequence numbers that go on behind 2**32, counted from each stream's first."""
    step = np.r_[0, np.diff(seq)]
    step = (step + _HALF_SPACE) % _SPACE - _HALF_SPACE
    total = np.cumsum(np.where(new, 0, step))
    counted: Ints = total - total[np.flatnonzero(new)][stream]
    return counted


def highest_before(stream: Ints, end: Ints, new: npt.NDArray[np.bool_]) -> Ints:
    """Return for each segment the highest sequence number before it in its stream; its own beginning's worth at first."""
    lift = int(end.max() - end.min()) + 2
    highest = np.maximum.accumulate(stream * lift + end - end.min())
    before = np.r_[0, highest[:-1]] - stream * lift + end.min()
    return np.where(new, np.iinfo(np.int64).min, before)


def _kinds(rows: Sightings, of: Ints, stream: Ints, begin: Ints, end: Ints, times: Ints) -> npt.NDArray[np.int8]:
    """Return what each segment would be if it came behind others: which earlier segment has the same first byte?"""
    by = np.lexsort((times[of], begin, stream))
    same = (stream[by][1:] == stream[by][:-1]) & (begin[by][1:] == begin[by][:-1])
    prints, ids = fingerprint(rows)[of][by], rows["ip_id"][of][by]
    copy = same & (prints[1:] == prints[:-1]) & ((ids[1:] > 0) | (np.diff(times[of][by]) <= COPY_NS))
    kind = np.full(len(of), Repeat.REORDERED, np.int8)
    lift = int(end.max() - begin.min()) + 2
    reach = np.maximum.accumulate((stream * lift + end - begin.min())[by])
    overlapping = (stream * lift + begin - begin.min())[by][1:] < reach[:-1]
    behind = (begin[by][1:] < end[by][:-1]) & (stream[by][1:] == stream[by][:-1])
    following = np.r_[behind & (np.diff(times[of][by]) < 0), False]
    partial = np.r_[False, overlapping] | following
    kind[by[partial]] = Repeat.PARTIAL
    kind[by[1:][same]] = Repeat.RETRANSMITTED
    kind[by[1:][copy]] = Repeat.DUPLICATE
    return kind
