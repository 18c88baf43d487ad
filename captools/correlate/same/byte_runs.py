"""Byte runs: TCP bytes that travel in one frame at one point and in several at another.

With segmentation and receive offloads a pod's interface shows super-frames of up to 64 KiB where the network card shows
segments, and the reverse; no frame of one point is a frame of the other, but they carry the same bytes. Splitting copies
the header, and Linux merges only segments whose acknowledgment, window and options are equal: so frames of one lane with
equal acknowledgment, window and timestamps whose sequence ranges overlap are one run of bytes. A retransmission has
other timestamps, unless it is so quick that it has the same: then IP ids tell, which count up from the frame that was
split, and without them nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from captools.correlate.same.match import MAX_TRANSIT_NS
from captools.correlate.same.places import places
from captools.correlate.same.prints import mix_in
from captools.correlate.same.sure import CONFIDENCES, LIKELY, PROVEN, Levels
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.evidence import Confidence
from captools.model.packets import Proto

_SAME = ("ack", "window", "tsval", "tsecr")
_HALF_SPACE, _SPACE = 1 << 31, 1 << 32  # of TCP sequence numbers, which wrap
_REACH = 1 << 34  # more than any run's distance from the first byte of its group


@dataclass(frozen=True, slots=True)
class ByteRuns:
    """``ids``: for each row the number of its run, ABSENT for frames that look the same at all points.

    ``starts``: the first byte of each row, counted from the beginning of its run. ``levels``: by run, see
    captools.correlate.same.sure. ``order`` are the rows of all runs by run and first byte, those of run N from
    ``bounds[N]`` to ``bounds[N + 1]``.
    """

    ids: Ints
    starts: Ints
    levels: Levels
    order: Ints
    bounds: Ints

    @property
    def count(self) -> int:
        """How many runs there are."""
        return len(self.levels)

    def confidence(self, run: int) -> Confidence:
        """Return how sure it is that the frames of a run carry the same bytes."""
        return CONFIDENCES[int(self.levels[run])]

    def members(self, run: int) -> Ints:
        """Return the rows of a run, by first byte."""
        return self.order[self.bounds[run] : self.bounds[run + 1]]

    def carriers(self, rows: Sightings, row: int, point: int) -> Ints:
        """Return the rows at ``point`` (its code) that carry any of the bytes of ``row``; none where it is in no run."""
        if self.ids[row] == ABSENT:
            return np.empty(0, np.int64)
        members = self.members(int(self.ids[row]))
        there = members[rows["point"][members] == point]
        begin, end = self.starts[row], self.starts[row] + rows["payload_len"][row]
        carriers: Ints = there[(self.starts[there] < end) & (self.starts[there] + rows["payload_len"][there] > begin)]
        return carriers


def byte_runs(rows: Sightings, lane: Ints, *, times: Ints | None = None) -> ByteRuns:
    """Return the runs of all lanes (captools.correlate.same.lanes), in time that grows with the number of packets.

    ``times`` (one per row, in nanoseconds) replaces the stamps where the nodes' clocks are known to differ.
    """
    times = rows["ts_ns"] if times is None else times
    of, group, begin = _grouped(rows, lane, times)
    if not len(of):
        return _none(len(rows))
    length = rows["payload_len"][of]
    of, run, begin = _overlapping(rows, of, group, begin)
    mixed_up = np.isin(run, _repeating(rows, of, run, begin))
    if mixed_up.any():
        of, run, begin = _overlapping(rows, *_told_apart(rows, of, run, begin, mixed_up))
        if not len(of):
            return _none(len(rows))
    length = rows["payload_len"][of]
    starts = np.flatnonzero(np.r_[True, np.diff(run) != 0])
    begin = begin - begin[starts][run]
    kept = _of_several_shapes(run, begin, length, rows["point"][of], starts)
    if not kept.any():
        return _none(len(rows))
    sure = np.where(rows["tsval"][of][starts] != ABSENT, PROVEN, LIKELY).astype(np.int8)
    numbers = np.cumsum(kept) - 1
    inside = kept[run]
    of, run, begin = of[inside], numbers[run[inside]], begin[inside]
    ids, first = np.full(len(rows), ABSENT, np.int64), np.zeros(len(rows), np.int64)
    ids[of], first[of] = run, begin
    return ByteRuns(ids, first, sure[kept], of, np.searchsorted(run, np.arange(int(kept.sum()) + 1)))


def _none(length: int) -> ByteRuns:
    empty = np.empty(0, np.int64)
    return ByteRuns(
        np.full(length, ABSENT, np.int64),
        np.zeros(length, np.int64),
        np.empty(0, np.int8),
        empty,
        np.zeros(1, np.int64),
    )


def _grouped(rows: Sightings, lane: Ints, times: Ints) -> tuple[Ints, Ints, Ints]:
    """Return (row, number of its group, first byte) of the frames whose bytes may travel in others elsewhere."""
    of = np.flatnonzero((rows["proto"] == Proto.TCP) & (lane != ABSENT) & (rows["payload_len"] > 0))
    of = of[(rows["seq"][of] != ABSENT) & _seen_at_several(lane[of], rows["point"][of])]
    if not len(of):
        return of, of, of
    key = np.zeros(len(of), np.uint64)
    for column in (lane, *(rows[name] for name in _SAME)):
        key = mix_in(key, column[of])
    order = np.lexsort((times[of], key))
    of, key = of[order], key[order]
    new = np.r_[True, (key[1:] != key[:-1]) | (np.diff(times[of]) > MAX_TRANSIT_NS)]
    group = np.cumsum(new) - 1
    seq = rows["seq"][of]
    return of, group, (seq - seq[np.flatnonzero(new)][group] + _HALF_SPACE) % _SPACE


def _seen_at_several(lane: Ints, point: Ints) -> npt.NDArray[np.bool_]:
    """Tell of each row whether its lane was seen at more than one point."""
    if not len(lane):
        return np.zeros(0, np.bool_)
    size = int(lane.max()) + 1
    low, high = np.full(size, point.max()), np.full(size, ABSENT)
    np.minimum.at(low, lane, point)
    np.maximum.at(high, lane, point)
    several: npt.NDArray[np.bool_] = (low < high)[lane]
    return several


def _of_several_shapes(run: Ints, begin: Ints, length: Ints, point: Ints, starts: Ints) -> npt.NDArray[np.bool_]:
    """Tell of each run whether several points saw it, and not all in the same frames."""
    points = np.minimum.reduceat(point, starts) < np.maximum.reduceat(point, starts)
    shapes = (begin != begin[starts][run]) | (length != length[starts][run])
    several: npt.NDArray[np.bool_] = points & (np.bincount(run, shapes, len(starts)) > 0)
    return several


def _overlapping(rows: Sightings, of: Ints, group: Ints, begin: Ints) -> tuple[Ints, Ints, Ints]:
    """Return (row, number of its run, first byte), sorted by run and first byte: frames of a group that hang together."""
    order = np.lexsort((begin, group))
    of, group, begin = of[order], group[order], begin[order]
    reach = np.maximum.accumulate(group * _REACH + begin + rows["payload_len"][of])
    new = np.ones(len(of), np.bool_)
    new[1:] = group[1:] * _REACH + begin[1:] >= reach[:-1]
    return of, np.cumsum(new) - 1, begin


def _repeating(rows: Sightings, of: Ints, run: Ints, begin: Ints) -> Ints:
    """Return the runs in which one place saw a byte twice, or one byte begins frames with two IP ids."""
    place, ident = _places(rows, of), rows["ip_id"][of]
    order = np.lexsort((begin, place, run))
    same = (run[order][1:] == run[order][:-1]) & (place[order][1:] == place[order][:-1])
    overlap = begin[order][1:] < (begin + rows["payload_len"][of])[order][:-1]
    other = (run[1:] == run[:-1]) & (begin[1:] == begin[:-1]) & (ident[1:] != ident[:-1])
    return np.unique(np.concatenate([run[order][1:][same & overlap], run[1:][other]]))


def _told_apart(
    rows: Sightings, of: Ints, run: Ints, begin: Ints, mixed_up: npt.NDArray[np.bool_]
) -> tuple[Ints, Ints, Ints]:
    """Return (row, number of its group, first byte): the runs ``mixed_up`` as one group for each transmission.

    At one place a transmission goes on while IP ids and bytes both rise. At every place it begins with the same byte
    under the same id; frames without an id are left out.
    """
    some = np.flatnonzero(mixed_up & (rows["ip_id"][of] > 0))
    whole = np.flatnonzero(~mixed_up)
    if not len(some):
        return of[whole], run[whole], begin[whole]
    place, ident = _places(rows, of), rows["ip_id"][of]
    some = some[np.lexsort((begin[some], ident[some], place[some], run[some]))]
    end = (begin + rows["payload_len"][of])[some]
    new = np.ones(len(some), np.bool_)
    new[1:] = (np.diff(run[some]) != 0) | (np.diff(place[some]) != 0) | (begin[some][1:] < end[:-1])
    first = some[np.flatnonzero(new)][np.cumsum(new) - 1]
    _, number = np.unique(np.stack([run[first], begin[first], ident[first]]), axis=1, return_inverse=True)
    every = np.concatenate([whole, some])
    return of[every], np.concatenate([run[whole], run.max() + 1 + number.reshape(-1)]), begin[every]


def _places(rows: Sightings, of: Ints) -> Ints:
    return places(rows)[of] * (len(rows.sources) + 1) + rows["source"][of]
