"""Lanes: equal keys share one, different keys never do, whatever their hashes."""

from __future__ import annotations

import numpy as np
import pytest

import tests.wire.equality  # noqa: F401  the kernels' cache folder
from captools.wire.kernels.buffers import LANE_WORDS

pytestmark = pytest.mark.slow


def common():
    from captools.wire.kernels.session import Common, port_table

    return Common(port_table(()), part_rows=64)


def test_numbers_are_given_in_order_of_first_sight_and_survive_growth():
    rng = np.random.default_rng(1)
    keys = rng.integers(0, 3, (50_000, LANE_WORDS), dtype=np.uint64)
    keys[:, 4:] = 0  # 81 different keys, many times
    wanted: dict[bytes, int] = {}
    numbers = [wanted.setdefault(key.tobytes(), len(wanted)) for key in keys]
    here = common()
    assert here.add_lanes(keys).tolist() == numbers
    assert len(here.lane_records()) == len(wanted)
    here.grow_lanes()
    assert here.add_lanes(keys[:500]).tolist() == numbers[:500]


def test_keys_with_the_same_hash_stay_apart():
    here = common()
    here.lanes.keys[:] = 0  # nothing random: the hash of these two is the same
    keys = np.zeros((2, LANE_WORDS), np.uint64)
    keys[1, LANE_WORDS - 1] = keys[0, 0] = 5
    assert here.add_lanes(keys).tolist() == [0, 1]
    assert here.add_lanes(keys[::-1]).tolist() == [1, 0]
