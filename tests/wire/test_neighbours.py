"""Neighbour discovery names who is asked for and the hardware address that goes with it."""

from __future__ import annotations

import pytest

from captures import build
from tests.wire.layers import NEIGHBOURS, over6

pytestmark = pytest.mark.usefixtures("no_io")


@pytest.mark.parametrize(
    ("name", "target", "mac"),
    [
        ("solicitation", "fd00::77", "02:00:00:00:00:05"), ("advertisement", "fd00::77", "02:00:00:00:00:06"),
        ("bare-solicitation", "fd00::77", None), ("nonce-first", "fd00::77", "02:00:00:00:00:07"),
        ("router-solicitation", None, "02:00:00:00:00:08"), ("router-advertisement", None, "02:00:00:00:00:09"),
        ("redirect", "fd00::78", "02:00:00:00:00:0a"),
    ],
)  # fmt: skip
def test_target_and_hardware_address_are_told(row_of, name, target, mac):
    row = row_of(NEIGHBOURS[name])
    assert (row["nd_target"], row["nd_mac"], row["decode_stop"]) == (target, mac, None)


def test_the_other_sides_address_and_one_of_another_length_are_not_taken(row_of):
    wrong = build.neighbour(kind=136, target="fd00::77", options=build.link_option(1, "02:00:00:00:00:05"))
    assert row_of(over6(wrong, 58))["nd_mac"] is None
    longer = build.neighbour(kind=135, target="fd00::77", options=b"\1\2" + bytes(14))
    assert row_of(over6(longer, 58))["nd_mac"] is None


def test_an_option_of_length_zero_ends_the_walk(row_of):
    endless = build.neighbour(kind=135, target="fd00::77", options=bytes(8) + build.link_option(1, "02:00:00:00:00:05"))
    assert row_of(over6(endless, 58))["nd_mac"] is None
