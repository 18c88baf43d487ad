"""Growing rows: what was in them stays, what is new is zero, whether or not somebody still looks at the old memory."""

from __future__ import annotations

import numpy as np
import pytest

from captools.wire.kernels.growing import Growing

SIZE = 24


@pytest.mark.parametrize("looked_at", [False, True])
def test_rows_stay_and_further_ones_are_zero(looked_at):
    rows = Growing(100, SIZE)
    wanted = np.random.default_rng(1).integers(0, 256, 100 * SIZE, dtype=np.uint8)
    rows.bytes()[:] = wanted
    held = rows.bytes() if looked_at else None
    rows.grow(100_000)
    found = rows.bytes()
    assert len(found) == 100_000 * SIZE
    assert (found[: len(wanted)] == wanted).all() and not found[len(wanted) :].any()
    found[:] = 7
    assert held is None or (held == wanted).all()  # nobody's memory went away


def test_memory_can_be_written_as_records():
    kind = np.dtype([("a", np.int64), ("b", np.float64), ("c", np.int64)])
    rows = Growing(8, kind.itemsize)
    rows.bytes().view(kind)["c"] = np.arange(8)
    rows.grow(16)
    assert rows.bytes().view(kind)["c"].tolist() == [*range(8), *[0] * 8]
