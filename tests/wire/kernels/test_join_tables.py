"""Room for the join: powers of two, and pairs that survive growing."""

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
    assert len(found.pairs) >= max(lanes, 4 * layout.BLOCK) and len(found.pairs) & (len(found.pairs) - 1) == 0
    assert len(found.counts) == lanes and len(found.keys) * layout.BUCKET == len(found.entries) == 1 << 10


@pytest.mark.slow
def test_growing_keeps_every_pair():
    from captools.wire.kernels.native import Native

    tables = layout.Tables(100, 1 << 10)
    keys = np.random.default_rng(1).permutation(60) + (1 << 32)
    move = Native("join.move_pairs")
    filled = np.zeros_like(tables.pairs)
    filled[: len(keys), layout.PAIR_KEY] = keys
    filled[: len(keys), layout.MATCHED] = keys * 3
    larger = tables.larger_pairs()
    move(filled, larger)
    tables.pairs = larger
    held = tables.held_pairs()
    assert sorted(held[:, layout.PAIR_KEY].tolist()) == sorted(keys.tolist())
    assert (held[:, layout.MATCHED] == 3 * held[:, layout.PAIR_KEY]).all()
