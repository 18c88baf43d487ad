"""All that is told of TCP connections in one call: figures of every stream, and what got stuck."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from captools.correlate.evidence import Prover
from captools.correlate.paths.coverage import Coverage
from captools.correlate.paths.matched import Matched
from captools.correlate.tcp.by_size import by_size
from captools.correlate.tcp.figures import AGAIN, figures, late
from captools.correlate.tcp.segments import Segments, segments
from captools.correlate.tcp.stuck import StuckBytes
from captools.model.evidence import Evidence
from captools.model.paths import Path, Way
from captools.model.tcp import Tcp, TcpStream


def tcp(known: Matched, paths: Sequence[Path], coverage: Coverage, prover: Prover) -> Tcp:
    """Return the TCP figures of a session; ``paths`` are those of the same groups."""
    ids = known.matches.ids
    found = segments(known.rows, known.lane, ids, known.repeated)
    if found is None:
        return Tcp()
    stuck = StuckBytes(known.rows, ids, found, paths, coverage, prover).all()
    table = figures(known.rows, found)
    return Tcp(table, by_size(stuck, table, paths), _proofs(known, found, prover))


def _proofs(known: Matched, found: Segments, prover: Prover) -> Callable[[TcpStream], tuple[Evidence, ...]]:
    """Return what gives the frames that a stream sent again."""

    def proof(stream: TcpStream) -> tuple[Evidence, ...]:
        lane, point = 2 * stream.path + (stream.way is Way.REPLY), known.rows.points.index(stream.point)
        mine = ((found.lane == lane) & (found.point == point))[found.stream]
        again = found.rows[mine & np.isin(found.kind, AGAIN)]
        filled = found.rows[mine & late(found)]
        return (
            *prover.of(again.tolist(), "carries what came by here before"),
            *prover.of(filled.tolist(), "fills a gap that was open for more than a round trip"),
        )

    return proof
