"""Coarse alignment: bring clocks that are minutes or a time zone apart close enough for packets to be matched.

Some packets name themselves: TCP segments by sequence number, acknowledgment and timestamps, WireGuard datagrams by
index and counter. One that each of two clocks saw just once says how far the clocks are apart, up to the time it was
on its way. What comes of it serves to look for matches near one another; nobody is told of it as an offset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from captools.correlate.clocks.names import clock_codes
from captools.correlate.same.prints import Prints, fingerprint, invariant_fingerprint
from captools.correlate.same.sure import PROVEN, levels
from captools.correlate.sightings import ABSENT, Ints, Sightings
from captools.model.packets import Proto, TcpFlag

Bools = npt.NDArray[np.bool_]
_ONCE_NS = 200_000_000  # all points of a node see one packet within this time
_AGREE_NS = 500_000_000  # what differs by more from its neighbours is not the same packet
_CLOSELY_NS = 50_000_000  # the same where it takes several to be believed
_NEIGHBOURS = 9
_ENOUGH = 2  # packets that must agree where what names them is an IP id of 16 bits
_PLENTY = 2_000  # packets of a pair of clocks that are looked at


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one clock runs ahead of another at some times of its own, in order; at others, as at the nearest."""

    at: Ints
    ahead: Ints
    packets: int

    def undo(self, stamps: Ints) -> Ints:
        """Return stamps of the one clock as times of the other."""
        halfway = self.at[:-1] + np.diff(self.at) // 2
        moved: Ints = stamps - self.ahead[np.searchsorted(halfway, stamps)]
        return moved


Shifts = dict[tuple[int, int], Shift]  # by (clock, of which clock's time it is told)


def align(rows: Sightings, reference: str, read: Mapping[str, int]) -> Ints:
    """Return the stamps of ``rows`` as times of the clock ``reference`` (where there is no such clock, of the first).

    ``read``: by how much each clock ran ahead by its readings; used where no packet tells. What nothing ties to the
    reference keeps its own time.
    """
    names, codes = clock_codes(rows)
    times = rows["ts_ns"].copy()
    if len(names) < 2:
        return times
    shifts = _shifts(rows, codes)
    root = names.index(reference) if reference in names else 0
    parents = _tree(shifts, root)
    for code, name in enumerate(names):
        mine, at = codes == code, code
        if code not in parents and name in read and names[root] in read:
            times[mine] -= read[name] - read[names[root]]
        while at in parents:
            times[mine] = shifts[at, parents[at]].undo(times[mine])
            at = parents[at]
    return times


def _tree(shifts: Shifts, root: int) -> dict[int, int]:
    """Return for each clock that packets tie to ``root`` the next one on the way there, by most packets first."""
    parents: dict[int, int] = {}
    reached = {root}
    while steps := [pair for pair in shifts if pair[0] not in reached and pair[1] in reached]:
        child, parent = max(steps, key=lambda pair: shifts[pair].packets)
        parents[child] = parent
        reached.add(child)
    return parents


def _shifts(rows: Sightings, codes: Ints) -> Shifts:
    tcp, live = rows["proto"] == Proto.TCP, rows["src"] != ABSENT
    numbered = tcp & (rows["seq"] > 0) & ((rows["payload_len"] > 0) | (rows["tcp_flags"] & TcpFlag.SYN != 0))
    named = numbered | (rows["wg_receiver"] != ABSENT) | (rows["wg_sender"] != ABSENT)
    telling = ~tcp & ((rows["payload_len"] > 0) | (rows["icmp_seq"] != ABSENT)) & live
    telling[telling] = levels(rows, np.flatnonzero(telling)) == PROVEN
    behind_nat = _told(invariant_fingerprint(rows), numbered & live, named, rows["ts_ns"], codes)
    return behind_nat | _told(fingerprint(rows), named & live | telling, named, rows["ts_ns"], codes)


def _told(prints: Prints, some: Bools, named: Bools, stamps: Ints, codes: Ints) -> Shifts:
    """Return the shifts between all clocks that each saw ``some`` rows of one print exactly once."""
    members = np.flatnonzero(some & (prints != 0))
    order = members[np.lexsort((stamps[members], codes[members], prints[members]))]
    if not len(order):
        return {}
    new = np.flatnonzero(np.r_[True, (np.diff(prints[order]) != 0) | (np.diff(codes[order]) != 0)])
    last = np.r_[new[1:], len(order)] - 1
    first = order[new][stamps[order[last]] - stamps[order[new]] <= _ONCE_NS]
    pairs = _pairs(prints[first])
    key = codes[first[pairs[0]]] * (int(codes.max()) + 1) + codes[first[pairs[1]]]
    by = np.argsort(key, kind="stable")
    found: Shifts = {}
    for part in np.split(by, np.flatnonzero(np.diff(key[by])) + 1) if len(by) else []:
        ours, theirs = first[pairs[0][part]], first[pairs[1][part]]
        a, b = int(codes[ours[0]]), int(codes[theirs[0]])
        enough = 1 if named[ours].any() else _ENOUGH
        there = _shift(stamps[theirs], stamps[theirs] - stamps[ours], enough)
        back = _shift(stamps[ours], stamps[ours] - stamps[theirs], enough)
        if there is not None and back is not None:
            found[b, a], found[a, b] = there, back
    return found


def _pairs(prints: Prints) -> tuple[Ints, Ints]:
    """Return the indices of all pairs of equal prints, which lie side by side."""
    left: list[Ints] = []
    right: list[Ints] = []
    for step in range(1, len(prints)):
        same = np.flatnonzero(prints[step:] == prints[:-step])
        if not len(same):
            break
        left.append(same)
        right.append(same + step)
    nothing = [np.empty(0, np.int64)]
    return np.concatenate(left or nothing), np.concatenate(right or nothing)


def _shift(at: Ints, ahead: Ints, enough: int) -> Shift | None:
    """Return the shift that most packets near one another agree on; None where fewer than ``enough`` do."""
    order = np.argsort(at, kind="stable")
    order = order[:: len(order) // _PLENTY + 1]
    at, ahead = at[order], ahead[order]
    width = min(_NEIGHBOURS, len(at))
    windows = np.lib.stride_tricks.sliding_window_view(ahead, width)
    middle = np.sort(windows, axis=1)[:, width // 2]
    near = middle[np.clip(np.arange(len(at)) - width // 2, 0, len(middle) - 1)]
    agreeing = np.abs(ahead - near) <= (_AGREE_NS if enough == 1 else _CLOSELY_NS)
    if agreeing.sum() < enough or agreeing.mean() <= 0.5:
        return None
    at, index = np.unique(at[agreeing], return_index=True)
    return Shift(at, near[agreeing][index], len(at))
