"""Which kinds can be compared."""

from __future__ import annotations

import pytest

from captools.views.filter.kinds import Kind, comparable


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [(Kind.NUMBER, Kind.NUMBER, True), (Kind.IPV4, Kind.IPV6, False), (Kind.ADDRESS, Kind.IPV6, True),
     (Kind.IPV4, Kind.ADDRESS, True), (Kind.EPOCH, Kind.TIME, True), (Kind.EPOCH, Kind.DURATION, False),
     (Kind.MAC, Kind.BYTES, True), (Kind.TEXT, Kind.NUMBER, False), (Kind.FLAG, Kind.NUMBER, False),
     (Kind.LAYER, Kind.LAYER, False)],
)  # fmt: skip
def test_like_goes_with_like(one, other, fits):
    assert comparable(one, other) is fits and comparable(other, one) is fits
