"""Clocks: the offset between any two of them, directly or through others, and one time line for all."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise

import numpy as np

from captools.correlate.clocks.relation import Relation
from captools.correlate.sightings import Ints

Pair = tuple[str, str]
_STRETCHES = 32  # of a capture, in each of which one error is told


@dataclass(frozen=True, slots=True)
class Line:
    """A common time line: by clock, the clock whose time stands for it, and how far that runs ahead of the line in ns."""

    root: Mapping[str, str] = field(default_factory=dict)
    ahead: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stamps:
    """What one clock stamped: its first and last stamp in ns, and how finely they tell time."""

    first: int
    last: int
    tick: int


class Clocks:
    """All that is known of the clocks behind some rows.

    ``relations[a, b]`` with a < b tells how b runs against a. ``line``: where given, the rows' stamps were already moved
    to its times, and all times here are those.
    """

    def __init__(
        self, relations: Mapping[Pair, Relation], stamps: Mapping[str, Stamps] | None = None, line: Line | None = None
    ) -> None:
        self.relations = dict(relations)
        self._stamps = dict(stamps or {})
        self._line = line or Line()
        self._routes = cache(self._find_routes)
        self._throughout = cache(self._find_throughout)
        self._stretch = cache(self._find_stretch)

    def on_line(self, line: Line) -> Clocks:
        """Return the same clocks for rows whose stamps were moved to a common time line, with :meth:`moved`."""
        return Clocks(self.relations, self._stamps, line)

    def knowing(self, relations: Mapping[Pair, Relation]) -> Clocks:
        """Return the same clocks with other relations between them."""
        return Clocks(relations, self._stamps, self._line)

    def between(self, a: str, b: str, at_ns: int | None = None) -> tuple[int, int] | None:
        """Return (offset, error) in ns: b's clock is ahead of a's by offset, give or take error; None where unknown.

        ``at_ns`` is the time on a's clock; without it the answer holds for all that was captured of both. On one clock
        the error is what its stamps leave out.
        """
        if a == b:
            return 0, self._cut(a, b)
        if at_ns is None:
            return self._throughout(a, b)
        route = self._route(a, b)
        return None if route is None else self._at(route, self._own(a, at_ns))

    def known(self, a: str, b: str) -> bool:
        """Tell whether the offset between two clocks is known."""
        return a == b or b in self._routes(a)

    def near(self, a: str, b: str, at_ns: int) -> tuple[int, int] | None:
        """Return what :meth:`between` does, good for a short stretch around ``at_ns`` and quick to ask for many times."""
        stamps = self._stamps.get(a)
        if a == b or stamps is None:
            return self.between(a, b, at_ns)
        width = (stamps.last - stamps.first) // _STRETCHES + 1
        return self._stretch(a, b, at_ns // width * width, width)

    def _at(self, route: tuple[str, ...], at: int) -> tuple[int, int]:
        there, error = self._along(route, at)
        return self._on_line(route[-1], there) - self._on_line(route[0], at), error + self._cut(route[0], route[-1])

    def _find_stretch(self, a: str, b: str, first: int, width: int) -> tuple[int, int] | None:
        route = self._route(a, b)
        ends = (self._own(a, at) for at in (first, first + width))
        return None if route is None else self._over(route, self._own(a, first + width // 2), ends)

    def _find_throughout(self, a: str, b: str) -> tuple[int, int] | None:
        route, middle = self._route(a, b), self.usual_time(a, b)
        return None if route is None or middle is None else self._over(route, middle, self._ends(route, middle))

    def _over(self, route: tuple[str, ...], middle: int, others: Iterable[int]) -> tuple[int, int]:
        """Return the offset at one time with an error that covers others: errors only grow towards the ends of a run."""
        offset, error = self._at(route, middle)
        told = [self._at(route, at) for at in others]
        return offset, max([error, *(abs(one - offset) + wrong for one, wrong in told)])

    def _ends(self, route: tuple[str, ...], middle: int) -> list[int]:
        """Return the ends of what both clocks of a route stamped, and of all runs between, as times of its first clock."""
        a, b = route[0], route[-1]
        ours, theirs = self._stamps.get(a), self._stamps.get(b)
        if ours is None or theirs is None:
            return [middle]
        first, last = max(ours.first, self._as(a, b, theirs.first)), min(ours.last, self._as(a, b, theirs.last))
        ends = [first, last]
        for one, other in pairwise(route):
            for run in self._relation(one, other).runs:
                ends += [self._as(a, min(one, other), at) for at in (run.begin, run.end)]
        return [at for at in ends if first <= at <= last]

    def _as(self, a: str, name: str, at: int) -> int:
        """Return a time of one clock as one of the clock ``a``."""
        return self._along(self._route(name, a) or (), at)[0]

    def delay(self, a: str, sent_ns: int, b: str, received_ns: int) -> tuple[int, int] | None:
        """Return (delay, error) in ns of what left at ``sent_ns`` by a's clock and arrived at ``received_ns`` by b's."""
        if a == b:
            return received_ns - sent_ns, self._cut(a, b)
        route = self._route(b, a)
        if route is None:
            return None
        arrived, error = self._along(route, self._own(b, received_ns))
        return self._on_line(a, arrived) - sent_ns, error + self._cut(a, b)

    def _cut(self, a: str, b: str) -> int:
        """Return what the stamps of two sightings leave out of the time between them, at most."""
        return max((self._stamps[name].tick for name in (a, b) if name in self._stamps), default=1) - 1

    def drift(self, a: str, b: str) -> tuple[float, float] | None:
        """Return (drift, error) in ppm: how much faster b's clock runs than a's; None where unknown."""
        route = (a,) if a == b else self._route(a, b)
        if route is None:
            return None
        rate, error = 1.0, 0.0
        for one, other in pairwise(route):
            relation = self._relation(one, other)
            band = relation.best.band
            rate *= 1 + band.slope if one < other else 1 / (1 + band.slope)
            error += band.slope_error
        return (rate - 1) * 1e6, error * (1 + error) * 1e6

    def usual_time(self, a: str, b: str) -> int | None:
        """Return the time on a's own clock at which b's is known best; None where it is not known."""
        route = self._route(a, b)
        if route is None or a == b:
            return None
        relation = self._relation(*route[:2])
        if route[0] < route[1]:
            return relation.best.middle
        return int(relation.there(np.array([relation.best.middle]))[0])

    def method(self, a: str, b: str) -> str:
        """Return in words how the offset is known; the empty string where it is not."""
        route = self._route(a, b)
        if a == b or route is None:
            return ""
        told = dict.fromkeys(self._relation(one, other).method for one, other in pairwise(route))
        through = [name for name in route[1:-1] if name]
        return "; ".join(told) + (f", through {', '.join(through)}" if through else "")

    def moved(self, name: str, stamps: Ints) -> Ints:
        """Return stamps of one clock as times of the common line."""
        for one, other in pairwise(self._route(name, self._line.root.get(name, name)) or ()):
            relation = self._relation(one, other)
            stamps = relation.there(stamps) if one < other else relation.back(stamps)
        return stamps - self._line.ahead.get(name, 0)

    def _on_line(self, name: str, at: int) -> int:
        return int(self.moved(name, np.array([at]))[0])

    def _own(self, name: str, at: int) -> int:
        """Return a time of the common line as one of the clock itself."""
        route = self._route(self._line.root.get(name, name), name) or ()
        return self._along(route, at + self._line.ahead.get(name, 0))[0]

    def _along(self, route: tuple[str, ...], at: int) -> tuple[int, int]:
        """Return a time of the first clock of a route as one of the last, and the error that it picks up."""
        wrong = 0
        for one, other in pairwise(route):
            relation, now = self._relation(one, other), np.array([at])
            then = relation.there(now) if one < other else relation.back(now)
            wrong += int(relation.error(now if one < other else then)[0])
            at = int(then[0])
        return at, wrong

    def _relation(self, one: str, other: str) -> Relation:
        return self.relations[min(one, other), max(one, other)]

    def _route(self, a: str, b: str) -> tuple[str, ...] | None:
        return self._routes(a).get(b)

    def _find_routes(self, a: str) -> dict[str, tuple[str, ...]]:
        """Return for each clock that can be reached the way from a on which the errors add up to least (Dijkstra)."""
        waiting: list[tuple[int, tuple[str, ...]]] = [(0, (a,))]
        routes: dict[str, tuple[str, ...]] = {}
        while waiting:
            error, route = heapq.heappop(waiting)
            if route[-1] not in routes:
                routes[route[-1]] = route
                for other, more in self._near.get(route[-1], []):
                    heapq.heappush(waiting, (error + more, (*route, other)))
        return routes

    @cached_property
    def _near(self) -> dict[str, list[tuple[str, int]]]:
        """By clock: the clocks that it is known against, with the error where that is least."""
        near: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for (one, other), relation in self.relations.items():
            error = int(relation.error(np.array([relation.best.middle]))[0])
            near[one].append((other, error))
            near[other].append((one, error))
        return near
