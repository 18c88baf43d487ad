"""Readings: what the controller learnt of each node's clock by asking for the time, before and after a capture."""

from __future__ import annotations

import numpy as np

from captools.correlate.clocks.bounds import Bounds
from captools.correlate.clocks.clocks import Pair
from captools.model.session import Manifest

CONTROLLER = ""  # its clock has no name, and sorts before every node's


def readings(manifest: Manifest | None) -> dict[Pair, Bounds]:
    """Return what the manifest's readings say of each node's clock against the controller's: two-way, so that it holds."""
    found: dict[Pair, Bounds] = {}
    for node in manifest.nodes if manifest else ():
        if node.clock:
            told = np.array([(one.before_ns, one.node_ns, one.after_ns) for one in node.clock], np.int64)
            found[CONTROLLER, node.name] = Bounds.readings(told[:, 0], told[:, 1], told[:, 2])
    return found


def read_offsets(manifest: Manifest | None) -> dict[str, int]:
    """Return by how many ns each node's clock ran ahead of the controller's, by the reading with the shortest round trip."""
    found: dict[str, int] = {}
    for node in manifest.nodes if manifest else ():
        if node.clock:
            best = min(node.clock, key=lambda one: one.after_ns - one.before_ns)
            found[node.name] = best.node_ns - (best.before_ns + best.after_ns) // 2
    return found
