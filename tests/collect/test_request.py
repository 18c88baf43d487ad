"""The request's own defaults."""

from __future__ import annotations

from captools.collect.request import ROLE_NAMES, CaptureRequest
from captools.model.points import Role


def test_the_ring_budget_is_256_mebibytes_and_every_role_name_is_a_role():
    assert CaptureRequest(targets=()).buffer_bytes == 268_435_456
    assert {Role(name).value for name in ROLE_NAMES} == set(ROLE_NAMES)
