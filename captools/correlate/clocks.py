"""Clock offsets between nodes, bounded by the packets themselves.

A packet cannot arrive before it was sent. Of all packets matched from node A to node B, the smallest apparent delay
bounds how far B's clock can be behind; those from B to A bound the other side. The offset lies between the two, and
half the width of the interval is the error (the same reasoning as NTP's, RFC 5905, over forwarded traffic).
"""

from __future__ import annotations

import numpy as np

from captools.correlate.match import Matches
from captools.correlate.sightings import ABSENT, Sightings
from captools.model.analysis import ClockOffset
from captools.model.session import Manifest

METHOD_PACKETS = "matched packets, both directions"
METHOD_READING = "clock reading over the capture channel"
_NEVER = np.iinfo(np.int64).max
_MAX_SIGHTINGS = 24  # of one packet: more points than any real path has


class Clocks:
    """Offsets between pairs of nodes, as intervals of nanoseconds."""

    def __init__(self, least: dict[tuple[str, str], int]) -> None:
        # least[a, b]: smallest (time at b - time at a) of packets that went from a to b
        self._least = least

    def between(self, a: str, b: str) -> tuple[int, int] | None:
        """Return (offset of b's clock ahead of a's, error); None where one direction was never seen."""
        if a == b:
            return 0, 0
        there, back = self._least.get((a, b)), self._least.get((b, a))
        if there is None or back is None or there + back < 0:
            return None
        return (there - back) // 2, (there + back + 1) // 2


def measure(rows: Sightings, matches: Matches) -> Clocks:
    """Bound the offsets of all pairs of nodes that share matched packets.

    The direction of travel comes from the TTL: the sighting with the higher one was earlier on the way.
    """
    names = sorted({_node(point) for point in rows.points})
    code_of_point = np.array([names.index(_node(point)) for point in rows.points] or [0], np.int64)
    node = code_of_point[rows["point"]] if len(rows) else np.empty(0, np.int64)
    live = np.flatnonzero(matches.ids != ABSENT)
    outer = np.where(rows["outer_ttl"] == ABSENT, 256, rows["outer_ttl"])
    order = live[np.lexsort((-outer[live], -rows["ttl"][live], matches.ids[live]))]
    least = np.full((len(names), len(names)), _NEVER, np.int64)
    for step in range(1, _MAX_SIGHTINGS):
        first, second = order[:-step], order[step:]
        same = matches.ids[first] == matches.ids[second]
        if not same.any():
            break
        first, second = first[same], second[same]
        earlier = (node[first] != node[second]) & (
            (rows["ttl"][first] > rows["ttl"][second])
            | ((rows["outer_ttl"][second] != ABSENT) & (outer[first] > outer[second]) & (outer[first] < 256))
        )
        first, second = first[earlier], second[earlier]
        np.minimum.at(least, (node[first], node[second]), rows["ts_ns"][second] - rows["ts_ns"][first])
    found = {
        (names[a], names[b]): int(least[a, b])
        for a, b in zip(*np.nonzero(least < _NEVER), strict=True)
        if names[a] and names[b]
    }
    return Clocks(found)


def _node(point: str) -> str:
    node, slash, _ = point.partition("/")
    return node if slash else ""


def offsets(clocks: Clocks, nodes: list[str], reference: str, manifest: Manifest | None) -> tuple[ClockOffset, ...]:
    """Return each node's offset to ``reference``: by packets where possible, else by the manifest's readings."""
    read = _readings(manifest)
    found = []
    for node in nodes:
        between = clocks.between(reference, node)
        if between is not None:
            method = METHOD_PACKETS if node != reference else "reference"
            found.append(ClockOffset(node=node, offset_ns=between[0], error_ns=between[1], method=method))
        elif node in read and reference in read:
            offset, error = read[node][0] - read[reference][0], read[node][1] + read[reference][1]
            found.append(ClockOffset(node=node, offset_ns=offset, error_ns=error, method=METHOD_READING))
        else:
            found.append(ClockOffset(node=node, offset_ns=None, error_ns=None, method=""))
    return tuple(found)


def _readings(manifest: Manifest | None) -> dict[str, tuple[int, int]]:
    """Return per node (offset to the controller, error) of its best reading: the one with the shortest round trip."""
    found: dict[str, tuple[int, int]] = {}
    for node in manifest.nodes if manifest else ():
        for one in node.clock:
            error = (one.after_ns - one.before_ns + 1) // 2
            if node.name not in found or error < found[node.name][1]:
                found[node.name] = one.node_ns - (one.before_ns + one.after_ns) // 2, error
    return found
