"""Whose clock stamped a row: the node's, whose points share one. Points that name no node share the clock of their file."""

from __future__ import annotations

import numpy as np

from captools.correlate.sightings import Ints, Sightings

# What capture formats cut stamps off at, and how many packets must show it: a few may be whole ms by chance.
_CUTS = ((1_000, 1), (1_000_000, 20))


def clock_names(rows: Sightings) -> list[str]:
    """Return for each point of ``rows`` the name of the clock behind it: its node, else the file that shows it first."""
    points, first = np.unique(rows["point"], return_index=True)
    source = {int(point): rows.sources[int(rows["source"][row])] for point, row in zip(points, first, strict=True)}
    return [
        node if slash else source.get(number, point)
        for number, point in enumerate(rows.points)
        for node, slash, _ in [point.partition("/")]
    ]


def clock_codes(rows: Sightings) -> tuple[list[str], Ints]:
    """Return the names of all clocks behind ``rows``, sorted, and for each row which of them stamped it."""
    if not len(rows):
        return [], np.empty(0, np.int64)
    of_point = clock_names(rows)
    seen = np.bincount(rows["point"], minlength=len(of_point)) > 0
    names = sorted({name for name, here in zip(of_point, seen.tolist(), strict=True) if here})
    codes = {name: code for code, name in enumerate(names)}
    by_point = np.array([codes.get(name, 0) for name in of_point], np.int64)
    return names, by_point[rows["point"]]


def ticks(rows: Sightings) -> Ints:
    """Return for each row how finely its source tells time, in ns: 1, a microsecond or a millisecond.

    Stamps are cut off below that, never rounded up: the packet may have passed up to so much later.
    """
    sizes = np.ones(len(rows.sources), np.int64)
    counts = np.bincount(rows["source"], minlength=len(rows.sources))
    for size, enough in _CUTS:
        whole = counts >= enough
        whole[rows["source"][rows["ts_ns"] % size != 0]] = False
        sizes[whole] = size
    found: Ints = sizes[rows["source"]]
    return found
