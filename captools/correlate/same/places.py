"""Places: where a packet is seen once. A router's ``any`` shows a packet twice at one point, but not at one place."""

from __future__ import annotations

import numpy as np

from captools.correlate.sightings import Ints, Sightings


def places(rows: Sightings) -> Ints:
    """Return one number per row for point, TTL, outer TTL, tunnel and direction together."""
    value = (rows["point"] * 257 + rows["ttl"] + 1) * 257 + rows["outer_ttl"] + 1
    return (value * 8 + rows["tunnel"] + 1) * 8 + rows["direction"] + 1


def nodes(rows: Sightings) -> Ints:
    """Return one number per row for its node, whose points share one clock; a point that names no node is its own."""
    names = [point.partition("/")[0] if "/" in point else f"/{point}" for point in rows.points]
    known = {name: number for number, name in enumerate(dict.fromkeys(names))}
    codes = np.array([known[name] for name in names] or [0], np.int64)
    return codes[rows["point"]]
