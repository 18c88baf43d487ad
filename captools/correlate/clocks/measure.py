"""Measure the clocks: matched packets and clock readings in, relations between clocks and contradictions out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from captools.correlate.clocks.bounds import Bounds
from captools.correlate.clocks.clocks import Clocks, Pair, Stamps
from captools.correlate.clocks.directions import Crossings, crossings
from captools.correlate.clocks.names import clock_codes, ticks
from captools.correlate.clocks.relation import Relation
from captools.correlate.clocks.runs import Run, beyond, split
from captools.correlate.same.match import Matches
from captools.correlate.same.sure import LIKELY, PROVEN
from captools.correlate.sightings import ABSENT, Ints, Sightings

PACKETS = "matched packets, both directions"
DATAGRAMS = "WireGuard datagrams, both directions"
READING = "clock reading over the capture channel"


@dataclass(frozen=True, slots=True)
class Early:
    """A packet that by the corrected stamps arrived before it was sent: rows, and by how many ns beyond the error."""

    pair: Pair
    sent: int
    received: int
    by_ns: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What the packets say of the clocks.

    ``one_sided``: by pair of clocks that exchanged packets one way only, the limit (ns) of how far the second runs
    ahead of the first, and whether it is an upper one. ``at_odds``: pairs whose packets agree on nothing.
    """

    clocks: Clocks
    early: tuple[Early, ...] = ()
    one_sided: Mapping[Pair, tuple[int, bool]] = field(default_factory=dict)
    at_odds: tuple[Pair, ...] = ()

    def tied(self, reference: str, names: Iterable[str]) -> bool:
        """Tell whether the offsets of all clocks to ``reference`` are known."""
        return all(self.clocks.known(reference, name) for name in names)

    def with_others(self, others: Measured) -> Measured:
        """Return the same with what ``others`` says of pairs of clocks of which nothing is known here."""
        mine = self.clocks.relations
        early = tuple(one for one in others.early if one.pair not in mine)
        return replace(
            self,
            clocks=self.clocks.knowing({**others.clocks.relations, **mine}),
            early=self.early + early,
            one_sided={**others.one_sided, **self.one_sided},
        )


def measure(rows: Sightings, matches: Matches, readings: Mapping[Pair, Bounds] | None = None) -> Measured:
    """Return what the matched packets of ``rows`` say of the clocks behind them.

    ``readings``: what is known besides, by pair of clocks in alphabetical order; packets go before it.
    """
    names, codes = clock_codes(rows)
    relations: dict[Pair, Relation] = {}
    early: list[Early] = []
    one_sided: dict[Pair, tuple[int, bool]] = {}
    at_odds: list[Pair] = []
    for pair, (bounds, every) in _bounds(rows, matches, names, codes).items():
        runs = split(bounds)
        if runs:
            relations[pair] = Relation(runs, _method(rows, bounds))
            early += _early(pair, every, runs)
        elif bounds.two_way:
            at_odds.append(pair)
        else:
            limit = bounds.limit.min() if bounds.above[0] else bounds.limit.max()
            one_sided[pair] = int(limit), bool(bounds.above[0])
    for pair, bounds in (readings or {}).items():
        runs = split(bounds)
        if runs and pair not in relations:
            relations[pair] = Relation(runs, READING)
    return Measured(Clocks(relations, _stamps(rows, names, codes)), tuple(early), one_sided, tuple(at_odds))


def _stamps(rows: Sightings, names: list[str], codes: Ints) -> dict[str, Stamps]:
    tick, stamps = ticks(rows), rows["ts_ns"]
    found = {}
    for code, name in enumerate(names):
        mine = codes == code
        found[name] = Stamps(int(stamps[mine].min()), int(stamps[mine].max()), int(tick[mine].max()))
    return found


def _bounds(rows: Sightings, matches: Matches, names: list[str], codes: Ints) -> dict[Pair, tuple[Bounds, Bounds]]:
    """Return for every pair of clocks the bounds to measure by, and all of those that should then hold.

    Those to measure by are of proven matches; where these go one way only, likely ones serve too.
    """
    tick = ticks(rows)
    every = crossings(rows, matches, codes, tick)
    level = matches.levels[matches.ids[every.sent]]
    lower = np.minimum(codes[every.sent], codes[every.received])
    key = lower * len(names) + np.maximum(codes[every.sent], codes[every.received])
    some = np.flatnonzero(level >= LIKELY)
    order = some[np.argsort(key[some], kind="stable")]
    found: dict[Pair, tuple[Bounds, Bounds]] = {}
    for part in np.split(order, np.flatnonzero(np.diff(key[order])) + 1) if len(order) else []:
        pair = names[key[part[0]] // len(names)], names[key[part[0]] % len(names)]
        likely, proven = (
            _limits(rows, Crossings(every.sent[chosen], every.received[chosen]), codes, tick)
            for chosen in (part, part[level[part] == PROVEN])
        )
        found[pair] = proven if proven.two_way else likely, likely
    return found


def _limits(rows: Sightings, which: Crossings, codes: Ints, tick: Ints) -> Bounds:
    """Return what packets say of the clock with the higher code; stamps are cut off below their tick, never early."""
    above = codes[which.sent] < codes[which.received]
    ours, theirs = np.where(above, which.sent, which.received), np.where(above, which.received, which.sent)
    late = rows["ts_ns"][theirs] - rows["ts_ns"][ours]
    cut = np.where(above, tick[theirs] - 1, 1 - tick[ours])
    return Bounds.of(rows["ts_ns"][ours], late + cut, above, which.sent, which.received)


def _method(rows: Sightings, bounds: Bounds) -> str:
    sealed = rows["wg_type"][bounds.sent] != ABSENT
    kinds = ([PACKETS] if not sealed.all() else []) + ([DATAGRAMS] if sealed.any() else [])
    return kinds[0] if len(kinds) == 1 else "matched packets and WireGuard datagrams, both directions"


def _early(pair: Pair, bounds: Bounds, runs: tuple[Run, ...]) -> list[Early]:
    """Return the packets that break a bound by more than the error of their run."""
    found = []
    for number, by_ns in zip(*beyond(bounds, runs), strict=True):
        found.append(Early(pair, int(bounds.sent[number]), int(bounds.received[number]), int(by_ns)))
    return found
