"""Fetching ahead changes nothing and reaches nothing, wherever it points."""

from __future__ import annotations

import numpy as np
import pytest

import tests.wire.equality  # noqa: F401  the kernels' cache folder

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", [np.uint64, np.dtype([("a", np.int64), ("b", np.uint8)])])
def test_any_place_can_be_asked_for(kind):
    from captools.wire.kernels.compiler import kernel
    from captools.wire.kernels.prefetch import prefetch

    @kernel
    def ask(array, at):
        prefetch(array, at)

    array = np.ones(8, kind)
    before = array.copy()
    for at in (0, 63, 64, 1 << 40, -(1 << 40)):
        ask(array, at)
    assert (array == before).all()
