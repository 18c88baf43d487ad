"""Assignment of attempts to client requests, all at once: each client request takes one, and nothing is guessed.

A greedy choice takes what fits first and spoils what fits later. Here a pair is decided only where every way to place
as many attempts as possible has it: a maximum matching, and of each pair whether another maximum matching lacks it
(Tassa, "Finding all maximally-matchable edges in a bipartite graph", 2012: alternating cycles and paths).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

_NONE = -1


@dataclass(frozen=True, slots=True)
class Placed:
    """The places that one attempt can have, and whether it surely has the only one."""

    seats: tuple[int, ...]
    sure: bool


def assign(wishes: Sequence[Sequence[int]]) -> list[Placed]:
    """Return for each attempt the seats it can have in a maximum matching; ``wishes`` are the seats that fit it.

    A seat holds one attempt. ``sure`` is set where all maximum matchings give the attempt one and the same seat.
    """
    matching = _Matching(wishes)
    return matching.placed()


class _Matching:
    """A maximum matching and its alternating graph: attempt -> seats that fit, seat -> the attempt that has it."""

    def __init__(self, wishes: Sequence[Sequence[int]]) -> None:
        self._wishes = wishes
        self._seat = [_NONE] * len(wishes)
        self._holder: dict[int, int] = {}
        for unit, seats in enumerate(wishes):
            free = next((seat for seat in seats if seat not in self._holder), None)
            if free is not None:
                self._seat[unit], self._holder[free] = free, unit
        for unit in range(len(wishes)):
            if self._seat[unit] == _NONE:
                self._augment(unit)

    def _augment(self, start: int) -> None:
        """Find a seat for an attempt by moving others (breadth first)."""
        came: dict[int, int] = {}
        todo = deque([start])
        while todo:
            unit = todo.popleft()
            for seat in self._wishes[unit]:
                if seat in came:
                    continue
                came[seat] = unit
                if seat in self._holder:
                    todo.append(self._holder[seat])
                    continue
                while True:
                    unit = came[seat]
                    before = self._seat[unit]
                    self._seat[unit], self._holder[seat] = seat, unit
                    if unit == start:
                        return
                    seat = before

    def placed(self) -> list[Placed]:
        """Return all seats of every attempt."""
        hungry = self._reached([unit for unit, seat in enumerate(self._seat) if seat == _NONE])
        relaxed = self._relaxed()
        ring = self._rings()
        found = []
        for unit, seats in enumerate(self._wishes):
            own = self._seat[unit]
            can = tuple(
                seat
                for seat in seats
                if seat == own
                or unit in hungry
                or seat not in self._holder
                or self._holder[seat] in relaxed
                or ring[self._holder[seat]] == ring[unit]
            )
            found.append(Placed(can, own != _NONE and can == (own,) and unit not in hungry))
        return found

    def _reached(self, start: list[int]) -> set[int]:
        """Attempts that may go without a seat, so that one without gets theirs."""
        reached, todo = set(start), list(start)
        while todo:
            for seat in self._wishes[todo.pop()]:
                holder = self._holder.get(seat, _NONE)
                if holder != _NONE and holder not in reached:
                    reached.add(holder)
                    todo.append(holder)
        return reached

    def _relaxed(self) -> set[int]:
        """Attempts that could move, one after another, until the last one takes a free seat."""
        wanting: dict[int, list[int]] = {}
        for unit, seats in enumerate(self._wishes):
            for seat in seats:
                wanting.setdefault(seat, []).append(unit)
        todo = [unit for seat, units in wanting.items() if seat not in self._holder for unit in units]
        relaxed = set(todo)
        while todo:
            seat = self._seat[todo.pop()]
            for unit in wanting.get(seat, ()):
                if unit not in relaxed:
                    relaxed.add(unit)
                    todo.append(unit)
        return relaxed

    def _rings(self) -> list[int]:
        """Number the attempts: those that can swap seats in a ring share a number (Tarjan's strong components)."""
        count = len(self._wishes)
        index, low, ring = [_NONE] * count, [0] * count, [_NONE] * count
        stack: list[int] = []
        clock = 0
        for root in range(count):
            if index[root] != _NONE:
                continue
            walk = [(root, iter(self._next(root)))]
            index[root] = low[root] = clock
            clock += 1
            stack.append(root)
            while walk:
                unit, rest = walk[-1]
                for other in rest:
                    if index[other] == _NONE:
                        index[other] = low[other] = clock
                        clock += 1
                        stack.append(other)
                        walk.append((other, iter(self._next(other))))
                        break
                    if ring[other] == _NONE:
                        low[unit] = min(low[unit], index[other])
                else:
                    walk.pop()
                    if walk:
                        low[walk[-1][0]] = min(low[walk[-1][0]], low[unit])
                    if low[unit] == index[unit]:
                        while ring[unit] == _NONE:
                            ring[stack.pop()] = unit
        return ring

    def _next(self, unit: int) -> list[int]:
        holders = (self._holder.get(seat, _NONE) for seat in self._wishes[unit])
        return [holder for holder in holders if holder not in (_NONE, unit)]
