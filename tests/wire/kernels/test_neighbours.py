"""The kernel reads neighbour discovery as the reference does, cut at every byte and damaged."""

from __future__ import annotations

import pytest

from tests.wire.equality import assert_cut_alike, assert_damaged_alike
from tests.wire.layers import NEIGHBOURS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_a_frame_cut_at_every_byte_is_read_alike(name):
    assert_cut_alike(NEIGHBOURS[name])


def test_damaged_frames_are_read_alike():
    assert_damaged_alike(NEIGHBOURS.values())
