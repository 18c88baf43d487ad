"""Settle the clocks: from rows under many clocks to matched rows on one time line, with what was learnt on the way."""

from __future__ import annotations

from dataclasses import dataclass

from captools.correlate.clocks.clocks import Clocks
from captools.correlate.clocks.coarse import align
from captools.correlate.clocks.line import on_one_line
from captools.correlate.clocks.measure import Measured, measure
from captools.correlate.clocks.names import clock_codes
from captools.correlate.clocks.readings import read_offsets, readings
from captools.correlate.same.match import Matches, match
from captools.correlate.same.prints import invariant_fingerprint
from captools.correlate.sightings import Sightings
from captools.model.session import Manifest


@dataclass(frozen=True, slots=True)
class Settled:
    """``rows``: ``ts_ns`` is the reference clock's time throughout. ``clocks``: what is left between them, with errors.

    ``measured`` tells of the clocks as they ran, before the rows were moved.
    """

    rows: Sightings
    matches: Matches
    clocks: Clocks
    measured: Measured


def settle(rows: Sightings, reference: str, manifest: Manifest | None = None) -> Settled:
    """Return ``rows`` matched and on the time line of the clock ``reference``, however far the clocks are apart.

    Clocks that share no packet as it is may share one behind address translation; it serves them where nothing else does.
    """
    coarse = align(rows, reference, read_offsets(manifest))
    matches = match(rows, times=coarse)
    measured = measure(rows, matches, readings(manifest))
    if not measured.tied(reference, clock_codes(rows)[0]):
        measured = measured.with_others(measure(rows, match(rows, invariant_fingerprint(rows), times=coarse)))
    moved, clocks = on_one_line(rows, measured.clocks, coarse, reference)
    return Settled(moved, matches, clocks, measured)
