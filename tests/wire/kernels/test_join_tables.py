"""Room for the join, and pairs that survive growing."""

from __future__ import annotations

import numpy as np
import pytest

from captools.wire.kernels import join_tables as layout
from tests.wire.equality import kernels  # noqa: F401  (prepares the kernels' folder)


def test_an_entry_and_a_pair_fill_a_cache_line_and_no_lane_is_lost_among_its_rows():
    assert 4 * layout.WORDS == 8 * layout.PAIR_WORDS == 8 * layout.BUCKET == 64
    assert layout.MOST_LANES << layout.COUNT_BITS == 1 << 32


@pytest.mark.parametrize("lanes", [0, 1, 2, 1_000, 70_000])
def test_there_is_room_for_pairs_before_any_growing_is_needed(lanes):
    found = layout.Tables(lanes, 1 << 10)
    assert len(found.pairs) >= max(lanes, 4 * layout.BLOCK) and len(found.index) >= 2 * len(found.pairs)
    assert len(found.index) & (len(found.index) - 1) == 0
    assert len(found.counts) == lanes and len(found.keys) * layout.BUCKET == len(found.entries) == 1 << 10


@pytest.mark.slow
def test_growing_keeps_every_pair_and_all_are_found_again():
    from captools.wire.same_packet import Rows, join_rows

    # Each packet has a pair of lanes of its own, twice: many times more pairs than lanes.
    first, other = np.nonzero(~np.eye(40, dtype=np.bool_))
    count = len(first)
    prints, nothing, times = np.arange(1, count + 1, dtype=np.uint64), np.zeros(count, np.uint64), np.arange(count)
    here, there = (
        [Rows(times + (at << 40), prints, nothing, lane.astype(np.uint32)) for at in (0, 1)] for lane in (first, other)
    )
    found = join_rows([iter(here), iter(there)], 40)
    assert len(layout.Tables(40, 8).pairs) < count == len(found.pairs)
    assert found.pairs.first.tolist() == first.tolist() and found.pairs.lane.tolist() == other.tolist()
    assert (found.pairs.matched == 2).all()
