"""Stuck bytes as rules see them: who sent them to whom."""

from __future__ import annotations

from dataclasses import replace

from captools.findings._stuck import troubles
from tests.findings.test_mtu_black_hole import hole


def test_sender_receiver_and_ports_follow_the_way_of_the_bytes():
    (one,) = troubles(hole().analysed())
    assert (one.sender, one.receiver, one.ports) == ("10.0.2.5", "10.0.1.5", (80, 40_000))
    turned = replace(
        one, stuck=replace(one.stuck, way=next(way for way in type(one.stuck.way) if way is not one.stuck.way))
    )
    assert (turned.sender, turned.receiver, turned.ports) == ("10.0.1.5", "10.0.2.5", (40_000, 80))
