"""The check for growth tells a reader that does work for each pair of its parts from one that does not."""

from __future__ import annotations

import pytest

from tests.fuzz import growth
from tests.fuzz.growth import check_growth

pytestmark = pytest.mark.slow


def test_work_in_proportion_passes():
    check_growth(lambda size: sum(range(size * 3_000)), 3_000)


def test_work_for_each_pair_does_not(monkeypatch):
    monkeypatch.setattr(growth, "_NOISE_S", 0.02)  # so little work is done here
    with pytest.raises(AssertionError, match="4 times the length costs [0-9]+ times"):
        check_growth(lambda size: sum(range(size * size)), 2_000)
