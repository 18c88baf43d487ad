"""Bounds: what single packets say of two clocks, each an upper or a lower limit of the offset at one time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from captools.correlate.clocks.band import Band, fit
from captools.correlate.sightings import ABSENT, Ints


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of how far clock b runs ahead of clock a, by growing ``at`` (ns on clock a).

    ``above``: the limit is an upper one (the packet went from a to b). ``sent`` and ``received`` are the two rows of
    the packet table that it rests on; ABSENT where it rests on a reading.
    """

    at: Ints
    limit: Ints
    above: npt.NDArray[np.bool_]
    sent: Ints
    received: Ints

    def __len__(self) -> int:
        return len(self.at)

    @classmethod
    def of(cls, at: Ints, limit: Ints, above: npt.NDArray[np.bool_], sent: Ints, received: Ints) -> Bounds:
        """Return bounds in any order as bounds in order of time."""
        order = np.argsort(at, kind="stable")
        return cls(at[order], limit[order], above[order], sent[order], received[order])

    @classmethod
    def joined(cls, parts: Iterable[Bounds]) -> Bounds:
        """Return several sets of bounds on the same two clocks as one."""
        every = list(parts)
        return cls.of(*(np.concatenate([getattr(one, name) for one in every]) for name in cls.__slots__))

    @classmethod
    def readings(cls, before: Ints, theirs: Ints, after: Ints) -> Bounds:
        """Return what readings of clock b say of it: each was taken between ``before`` and ``after`` on clock a."""
        nowhere = np.full(2 * len(before), ABSENT)
        above = np.arange(2 * len(before)) < len(before)
        return cls.of(np.r_[before, after], np.r_[theirs - before, theirs - after], above, nowhere, nowhere)

    def of_these(self, chosen: Ints) -> Bounds:
        """Return the bounds of the given indices, which must grow."""
        return Bounds(*(getattr(self, name)[chosen] for name in self.__slots__))

    @property
    def two_way(self) -> bool:
        """Whether there are both upper and lower limits."""
        return bool(self.above.any() and not self.above.all())

    def fit(self) -> Band | None:
        """Return the lines within all limits; None where there is none, ValueError where all are of one kind."""
        return fit(self.at[self.above], self.limit[self.above], self.at[~self.above], self.limit[~self.above])

    def beyond(self, band: Band) -> Ints:
        """Return by how many ns each limit is broken by every line of ``band``; 0 or less where one keeps it."""
        offset, error = band.offset(self.at), band.error(self.at)
        broken: Ints = np.where(self.above, offset - self.limit, self.limit - offset) - error
        return broken
