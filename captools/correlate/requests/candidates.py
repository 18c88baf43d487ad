"""Candidates: which client requests a backend leg could belong to, found by what it repeats of them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

from captools.correlate.requests.attempts import Attempts
from captools.correlate.requests.fit import Fitter, Strength
from captools.correlate.requests.legs import Leg
from captools.correlate.requests.order import UNKNOWN_NS, Timeline

# So many requests at once that only an id or an answer tells apart are told as a group, however many more there are.
MOST = 32
_Key = tuple[object, ...]


class Candidates:
    """Client legs by what a backend leg repeats of them, in time order: few are looked at, however many there are."""

    def __init__(self, time: Timeline, legs: Sequence[Leg]) -> None:
        self._legs = legs
        self._time = time
        self._slack = UNKNOWN_NS + time.error_ns
        self._by: dict[_Key, list[tuple[int, int]]] = defaultdict(list)  # time of the request, number
        self._longest: dict[_Key, int] = defaultdict(int)
        self._at: list[int] = []
        self._cut: dict[_Key, list[tuple[int, int]]] = {}  # times between which requests were not looked at
        self._many: set[int] = set()
        for one in legs:
            at = time.at(one.exchange.request)
            answer = one.exchange.response
            until = time.at(answer) if answer is not None else one.exchange.until_ns
            lasting = max(until - at, 0)
            self._at.append(at)
            for key in self._keys(one):
                self._by[key].append((at, one.number))
                self._longest[key] = max(self._longest[key], lasting)
        for line in self._by.values():
            line.sort()

    def _keys(self, one: Leg) -> Iterator[_Key]:
        method, answer = one.exchange.request.method, one.exchange.response
        for name, value in one.ids:
            yield method, name, value
        for source in one.sources:
            yield method, one.path, source
            if answer is not None and answer.body_hash is not None:
                yield method, one.path, source, answer.body_hash
        if answer is not None and answer.body_hash is not None:
            yield method, one.path, one.chain, answer.body_hash

    def fits(self, unit: Attempts, fitter: Fitter) -> dict[int, Strength]:
        """Return the client legs that attempts fit, by number: all that share an id or a rare answer, else up to MOST."""
        at = self._time.at(unit.first.exchange.request)
        for keys in self._wanted(unit, fitter):
            found: dict[int, Strength] = {}
            for key in keys:
                self._look(key, at, unit, fitter, found)
            if any(strength >= Strength.ANSWER for strength in found.values()):
                return found
        return found

    def doubtful(self, client: int, unit: Attempts) -> bool:
        """Tell whether requests were passed over, so that a pair is not the only one that fits: there were too many."""
        return unit.first.number in self._many or self.passed_over(client)

    def passed_over(self, client: int) -> bool:
        """Tell whether a client request was not looked at for all that may belong to it."""
        leg, at = self._legs[client], self._at[client]
        spans = (self._cut.get((leg.exchange.request.method, leg.path, source), ()) for source in leg.sources)
        return any(begin <= at < end for some in spans for begin, end in some)

    def _wanted(self, unit: Attempts, fitter: Fitter) -> list[list[_Key]]:
        """Return the keys of a unit: first those that tell most."""
        leg, answer = unit.first, unit.last.exchange.response
        method = leg.exchange.request.method
        plain: list[_Key] = [(method, path, leg.peer) for path in leg.asked] if leg.peer is not None else []
        by_answer: list[_Key] = (
            [(*key, answer.body_hash) for key in plain] if answer is not None and fitter.rare(unit.last) else []
        )
        if answer is not None and fitter.paired(unit.last):  # of a proxy that adds no address
            by_answer += [(method, path, leg.chain, answer.body_hash) for path in leg.asked]
        return [[(method, *one) for one in leg.ids], by_answer, plain]

    def _look(self, key: _Key, at: int, unit: Attempts, fitter: Fitter, found: dict[int, Strength]) -> None:
        line = self._by.get(key)
        if line is None:
            return
        few = len(line) <= MOST  # then time is left to the judge, who knows which clocks can be compared
        last = len(line) if few else bisect_right(line, at + self._slack, key=lambda one: one[0])
        for place in range(last - 1, -1, -1):
            begin, number = line[place]
            earliest = begin if few else at - self._longest[key] - self._slack
            if begin < earliest:
                return
            if len(found) >= MOST:
                self._many.add(unit.first.number)
                self._pass_over(key, earliest, begin + 1)
                return
            if number not in found:
                strength = fitter.fit(self._legs[number], unit)
                if strength is not None:
                    found[number] = strength

    def _pass_over(self, key: _Key, begin: int, end: int) -> None:
        """Note that requests between two times were not looked at; spans that touch become one."""
        spans = self._cut.setdefault(key, [])
        while spans and spans[-1][1] >= begin:  # units come by time, so that later spans end later
            last = spans.pop()
            begin, end = min(begin, last[0]), max(end, last[1])
        spans.append((begin, end))
