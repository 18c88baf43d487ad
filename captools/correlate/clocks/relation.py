"""The relation of two clocks over a capture: how far one runs ahead of the other, and how wrong that can be, at any time.

Within a run it is the middle line of the run's band. Neighbouring runs that agree are joined from middle to middle,
so that time never jumps where no clock was set; where they do not agree, one was, and the relation jumps with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from captools.correlate.clocks.band import Floats
from captools.correlate.clocks.runs import Run
from captools.correlate.sightings import Ints

# How much a clock's rate changes within minutes, by temperature and by what a time daemon steers: a tenth of a ppm.
WANDER = 1e-7


@dataclass(frozen=True)
class Relation:
    """How clock b runs against clock a: ``runs`` by growing time on a, at least one. ``method`` says how it is known."""

    runs: tuple[Run, ...]
    method: str

    def there(self, at: Ints) -> Ints:
        """Return times on clock a as times on clock b."""
        begin, origin, level, slope = self._pieces
        piece = _piece(begin, at)
        moved: Ints = at + np.rint(level[piece] + slope[piece] * (at - origin[piece])).astype(np.int64)
        return moved

    def back(self, at: Ints) -> Ints:
        """Return times on clock b as times on clock a."""
        begin, origin, level, slope = self._pieces
        started = begin + np.rint(level + slope * (begin - origin)).astype(np.int64)
        piece = _piece(np.maximum.accumulate(started), at)
        ahead = (at - origin[piece] - level[piece]) / (1 + slope[piece])
        moved: Ints = origin[piece] + np.rint(ahead).astype(np.int64)
        return moved

    def error(self, at: Ints) -> Ints:
        """Return by how much at most the other clock's time can be wrong, for times on clock a."""
        wrong, told = np.empty(len(at), np.int64), self.there(at) - at
        number = _piece(np.array([run.begin for run in self.runs]), at)
        for which in np.unique(number).tolist():
            run, mine = self.runs[which], number == which
            outside = np.maximum(np.maximum(run.begin - at[mine], at[mine] - run.end), 0)
            uneven = np.ceil(WANDER * (outside + (run.end - run.begin) / 4)).astype(np.int64)
            wrong[mine] = run.band.error(at[mine]) + np.abs(told[mine] - run.band.offset(at[mine])) + uneven
        return wrong

    @cached_property
    def best(self) -> Run:
        """The run in whose middle most is known."""
        return min(self.runs, key=lambda run: (_error(run, run.middle), run.begin))

    @property
    def steps(self) -> tuple[tuple[Run, Run], ...]:
        """The neighbouring runs between which a clock was set."""
        return tuple((one, other) for one, other in pairwise(self.runs) if not _agree(one, other))

    @cached_property
    def _pieces(self) -> tuple[Ints, Ints, Floats, Floats]:
        """Straight pieces, by growing time on a: where each begins, and its line (origin, level there, slope)."""
        found: list[tuple[int, int, float, float]] = []
        for number, run in enumerate(self.runs):
            last = self.runs[number - 1] if number else None
            begin = run.begin
            if last is not None and _agree(last, run):
                begin, before = run.middle, _offset(last, last.middle)
                slope = (_offset(run, begin) - before) / max(begin - last.middle, 1)
                found.append((last.middle, last.middle, float(before), slope))
            found.append((begin, run.band.origin, run.band.level, run.band.slope))
        begins, origins, levels, slopes = zip(*found, strict=True)
        return np.array(begins), np.array(origins), np.array(levels), np.array(slopes)


def _piece(begins: Ints, at: Ints) -> Ints:
    """Return which piece each time falls to; what lies before the first falls to it."""
    number: Ints = np.clip(np.searchsorted(begins, at, "right") - 1, 0, None)
    return number


def _offset(run: Run, at: int) -> int:
    return int(run.band.offset(np.array([at]))[0])


def _error(run: Run, at: int) -> int:
    return int(run.band.error(np.array([at]))[0])


def _agree(one: Run, other: Run) -> bool:
    """Tell whether two neighbouring runs can be parts of one even running, at the time between them."""
    at = one.end + (other.begin - one.end) // 2
    error = _error(one, at) + _error(other, at) + round(WANDER * (other.end - one.begin))
    return abs(_offset(one, at) - _offset(other, at)) <= error
