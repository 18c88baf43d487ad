from __future__ import annotations

import numpy as np

from captools.correlate.clocks.readings import CONTROLLER, read_offsets, readings
from captools.model.session import ClockReading, Manifest, NodeRecord

S = 1_000_000_000


def reading(at, trip, ahead):
    return ClockReading(before_ns=at, node_ns=at + trip // 2 + ahead, after_ns=at + trip)


MANIFEST = Manifest(
    id="x", captools="0", started="",
    nodes=(NodeRecord(name="a", clock=(reading(S, 90, 500), reading(9 * S, 10, 500))), NodeRecord(name="silent")),
)  # fmt: skip


def test_each_node_that_was_asked_is_known_against_the_controller():
    told = readings(MANIFEST)
    assert list(told) == [(CONTROLLER, "a")]
    band, at = told[CONTROLLER, "a"].fit(), np.array([5 * S])
    assert abs(band.offset(at)[0] - 500) <= band.error(at)[0] <= 30  # ±45 and ±5 at the two ends: ±25 between them


def test_the_shortest_round_trip_tells_the_coarse_offset():
    assert read_offsets(MANIFEST) == {"a": 500}


def test_without_a_manifest_nothing_was_read():
    assert readings(None) == read_offsets(None) == {}
