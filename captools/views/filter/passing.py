"""Which packets of a capture that still grows pass a display filter, piece by piece."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from captools.views.filter.compile import Filter
from captools.views.filter.tables import Tables
from captools.wire.follow import Arrived


class Passing:
    """Judges the pieces of one file in their order. ``asked``: tables of payloads that others need besides."""

    def __init__(self, judge: Filter, asked: frozenset[str] = frozenset()) -> None:
        self._judge, self._heads = judge, judge.tables | asked
        self._before: tuple[int, int] | None = None  # the times of the file's first record and of the last one so far

    def of(self, arrived: Arrived) -> tuple[Tables, npt.NDArray[np.int64]]:
        """Return the tables of a piece, and which of its rows pass."""
        stamps = arrived.packets["ts_ns"]
        first = stamps[0].as_py()
        before = self._before or (first, first)
        self._before = before[0], stamps[-1].as_py()
        heads = {name: arrived.heads(name) for name in self._heads}
        tables = Tables(packets=arrived.packets, before=before, **heads)
        return tables, np.flatnonzero(self._judge.mask(tables).to_numpy(False))

    def renew(self) -> None:
        """Begin anew: another file goes on in place of this one."""
        self._before = None
