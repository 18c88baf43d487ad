"""Clocks that run as told, and the bounds that packets between them leave: the truth is what was simulated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from captools.correlate.clocks.bounds import Bounds
from captools.correlate.clocks.relation import Relation
from captools.correlate.clocks.runs import split

US, MS, S = 1_000, 1_000_000, 1_000_000_000
NOW = 1_795_000_000 * S


@dataclass(frozen=True)
class Clock:
    """A clock that is ``ahead`` ns of true time at NOW and gains ``ppm``."""

    ahead: int = 0
    ppm: int = 0

    def at(self, true: np.ndarray) -> np.ndarray:
        return true + self.ahead + (true - NOW) * self.ppm // 1_000_000


def bounds(a: Clock, b: Clock, *, seconds: int = 60, count: int = 400, seed: int = 1) -> Bounds:
    """What packets both ways, each 20 µs or more on its way, say of b against a."""
    random = np.random.default_rng(seed)
    sent = NOW + np.sort(random.integers(0, seconds * S, count))
    received = sent + 20 * US + random.exponential(40 * US, count).astype(np.int64)
    above = np.arange(count) % 2 == 0
    ours = np.where(above, a.at(sent), a.at(received))
    theirs = np.where(above, b.at(received), b.at(sent))
    return Bounds.of(ours, theirs - ours, above, np.arange(count), np.arange(count))


def relation(a: Clock, b: Clock, **how: int) -> Relation:
    """The relation of two clocks by such packets."""
    return Relation(split(bounds(a, b, **how)), "packets")
