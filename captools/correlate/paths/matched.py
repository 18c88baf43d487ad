"""What is known of the rows before they are followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from captools.correlate.clocks.clocks import Clocks
from captools.correlate.paths.talks import Groups
from captools.correlate.same.byte_runs import ByteRuns, byte_runs
from captools.correlate.same.icmp_errors import Errors, errors
from captools.correlate.same.lanes import lanes
from captools.correlate.same.match import Matches
from captools.correlate.same.repeats import repeats
from captools.correlate.same.translated import through_nat
from captools.correlate.sightings import Ints, Sightings


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """``rows`` on one time line, packets numbered through NAT, conversations, and what was found out about them.

    Per row: ``lane`` (2 x number of its group, one more for replies), ``repeated`` (a
    captools.correlate.same.repeats.Repeat), ``outer_of`` (the row of the WireGuard datagram that carries it, or
    ABSENT). ``errors`` and ``runs`` are of the same ``groups``.
    """

    rows: Sightings
    matches: Matches
    groups: Groups
    errors: Errors
    lane: Ints
    runs: ByteRuns
    repeated: npt.NDArray[np.int8]
    outer_of: Ints
    clocks: Clocks


def matched(rows: Sightings, matches: Matches, groups: Groups, outer_of: Ints, clocks: Clocks) -> Matched:
    """Return what paths are made from; ``matches`` number packets as far as no NAT changes them."""
    about, lane = errors(rows, groups), lanes(rows, groups)
    return Matched(
        rows=rows,
        matches=through_nat(rows, matches, groups, about),
        groups=groups,
        errors=about,
        lane=lane,
        runs=byte_runs(rows, lane),
        repeated=repeats(rows, lane),
        outer_of=outer_of,
        clocks=clocks,
    )
