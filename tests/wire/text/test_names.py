"""Ports by number and by name."""

from __future__ import annotations

import pytest

from captools.wire.text.names import port


@pytest.mark.parametrize(
    ("text", "number"),
    [("80", 80), ("http", 80), ("domain", 53), ("65535", 65_535), ("65536", None), ("no-such", None), ("٣", None)],
)
def test_a_port_is_a_number_or_a_known_service(text, number):
    assert port(text) == number
