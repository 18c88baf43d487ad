"""One time line: the rows of a table with all their stamps on one clock, so that nobody behind has to think of clocks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from captools.correlate.clocks.clocks import Clocks, Line
from captools.correlate.clocks.names import clock_codes
from captools.correlate.sightings import Ints, Sightings
from captools.model.sources import Source


def on_one_line(rows: Sightings, clocks: Clocks, coarse: Ints, reference: str) -> tuple[Sightings, Clocks]:
    """Return ``rows`` with ``ts_ns`` as the time of ``reference``, and the clocks as they are for such rows.

    A clock that nothing ties to the reference in both directions follows ``coarse`` (per row), which serves to lay
    packets side by side; :class:`Clocks` goes on to tell no offset of it. ``rows`` itself is left as it is.
    """
    names, codes = clock_codes(rows)
    line = _line(names, codes, clocks, coarse - rows["ts_ns"], reference)
    moved = clocks.on_line(line)
    times = rows["ts_ns"].copy()
    for code, name in enumerate(names):
        mine = codes == code
        times[mine] = moved.moved(name, times[mine])
    return replace(rows, columns={**rows.columns, "ts_ns": times}), moved


def _line(names: list[str], codes: Ints, clocks: Clocks, shifts: Ints, reference: str) -> Line:
    root: dict[str, str] = {}
    ahead: dict[str, int] = {}
    for code, name in sorted(enumerate(names), key=lambda one: one[1] != reference):
        known = (other for other in dict.fromkeys(root.values()) if clocks.known(other, name))
        root[name] = next(known, name)
        ahead[name] = ahead[root[name]] if root[name] != name else -int(np.median(shifts[codes == code]))
    return Line(root, ahead)


def sources_on_line(sources: tuple[Source, ...], clocks: Clocks) -> tuple[Source, ...]:
    """Return ``sources`` with the times of their first and last packet as times of the common line."""
    return tuple(
        replace(one, first_ns=_moved(clocks, one, one.first_ns), last_ns=_moved(clocks, one, one.last_ns))
        for one in sources
    )


def _moved(clocks: Clocks, source: Source, at_ns: int | None) -> int | None:
    return None if at_ns is None else int(clocks.moved(source.node or source.name, np.array([at_ns]))[0])
