"""Stuck bytes as rules see them: who sent them to whom, and whether their size is what they have in common."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.findings._stuck import SMALLEST_MTU, for_their_size, troubles
from tests.findings.test_mtu_black_hole import hole


def test_sender_receiver_and_ports_follow_the_way_of_the_bytes():
    (one,) = troubles(hole().analysed())
    assert (one.sender, one.receiver, one.ports) == ("10.0.2.5", "10.0.1.5", (80, 40_000))
    turned = replace(
        one, stuck=replace(one.stuck, way=next(way for way in type(one.stuck.way) if way is not one.stuck.way))
    )
    assert (turned.sender, turned.receiver, turned.ports) == ("10.0.1.5", "10.0.2.5", (40_000, 80))


@pytest.mark.parametrize(("changes", "size"), [
    ({}, True),
    ({"smallest_lost": SMALLEST_MTU}, False),
    ({"largest_passed": 1500}, False),
    ({"largest_passed": 0}, False),
    ({"keepalive": True}, False),
    ({"payload_bytes": 0}, False),
])  # fmt: skip
def test_size_is_the_matter_only_where_all_that_is_lost_is_larger_than_all_that_passed(changes, size):
    analysis = hole().analysed()
    (one,) = troubles(analysis)
    assert for_their_size(analysis, replace(one, stuck=replace(one.stuck, **changes))) is size
