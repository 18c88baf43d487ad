"""A router's word on the size of packets, and whether it was obeyed."""

from __future__ import annotations

import pytest

from captools.model.mtu import ToldMtu
from captools.model.paths import Way


@pytest.mark.parametrize(
    ("mtu", "after", "obeyed"), [(1280, 1280, True), (1280, 1281, False), (1280, 0, None), (0, 1280, None)]
)
def test_what_came_after_tells_whether_it_was_obeyed(mtu: int, after: int, obeyed: bool | None) -> None:
    word = ToldMtu(path=0, way=Way.FORWARD, by="192.0.2.1", mtu=mtu, errors=1, points=("r/eth1",), largest_after=after)
    assert word.obeyed is obeyed
