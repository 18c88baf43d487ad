"""Progress values."""

from __future__ import annotations

from captools.collect.progress import PointProgress, State
from captools.model.points import Point


def test_a_drop_count_nobody_told_is_unknown_and_not_zero():
    assert PointProgress(point=Point("a", "b"), state=State.STARTING).dropped is None
