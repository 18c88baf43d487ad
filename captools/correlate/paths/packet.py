"""One packet followed when somebody asks for it: what that needs is kept as long as the analysis, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from captools.correlate.evidence import Prover
from captools.correlate.paths.coverage import Coverage
from captools.correlate.paths.directions import Directions
from captools.correlate.paths.hops import Teller
from captools.correlate.paths.matched import Matched
from captools.correlate.paths.strands import Strands
from captools.correlate.paths.timing import Timing
from captools.correlate.sightings import ABSENT
from captools.model.paths import Hop, Way

# A third of all columns: what tells hops, their order and their evidence.
_KEPT = (
    "source", "point", "frame", "ts_ns", "wire_len", "direction", "src", "dst", "sport", "dport", "proto", "ttl", "tunnel",
    "vni", "outer_src", "outer_dst", "outer_dport", "outer_ttl", "depth", "wg_type", "icmp_type", "arp_op", "payload_len",
)  # fmt: skip


class Packets:
    """Follows single packets."""

    def __init__(self, known: Matched, coverage: Coverage, prover: Prover) -> None:
        rows = replace(known.rows, columns={name: known.rows.columns[name] for name in _KEPT})
        directions = Directions(rows, coverage.cluster, coverage.roles)
        self._lane = known.lane
        self._outer_of, self._sealed = known.outer_of, rows["wg_type"] != ABSENT
        self._strands = Strands(rows, known.matches, known.runs, directions, known.outer_of)
        timing = Timing(rows, known.clocks)
        self._teller = Teller(rows, known.matches, coverage.cluster, timing, prover.of_rows(rows))

    def hops(self, row: int) -> tuple[Hop, ...]:
        """Return the way of the one packet that ``row`` shows; ``way`` of its hops is that of its conversation.

        At a point with other segmentation a hop may hold several frames, or be a frame that holds other packets too. The
        way of a WireGuard datagram is that of the packet that fits it, where one does.
        """
        strand = self._strands.of_row(row)
        if self._sealed[row]:
            inner = np.flatnonzero(np.isin(self._outer_of, [one.row for one in strand]))
            if len(inner):
                row = int(inner[0])
                strand = self._strands.of_row(row)
        self._teller.load(np.unique([one.row for one in strand]))
        lane = int(self._lane[row])
        return self._teller.hops(strand, Way.REPLY if lane != ABSENT and lane % 2 else Way.FORWARD)
