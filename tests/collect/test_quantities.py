"""Times and sizes."""

from __future__ import annotations

import pytest

from captools.collect.quantities import byte_count, seconds, shown_bytes, shown_seconds
from captools.model.errors import UsageError


@pytest.mark.parametrize(
    ("text", "value"), [("30s", 30), ("5m", 300), ("1h", 3600), ("500ms", 0.5), ("7", 7), ("1.5 s", 1.5), ("2min", 120)]
)
def test_times_are_read(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "s", "-3s", "0s", "soon", "3d", "1e3", "9999999999h", "3s\n4"])
def test_other_times_are_refused(text):
    with pytest.raises(UsageError, match="not a length of time"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("256MiB", 256 << 20), ("64M", 64 << 20), ("1GiB", 1 << 30), ("8 MB", 8 << 20), ("4096", 4096), ("16k", 16384)],
)
def test_sizes_are_read(text, value):
    assert byte_count(text) == value


@pytest.mark.parametrize("text", ["", "MiB", "0", "-1M", "lots", "5TiB", "9999999GiB"])
def test_other_sizes_are_refused(text):
    with pytest.raises(UsageError, match="not a size"):
        byte_count(text)


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (256 << 20, "256 MiB"), (1 << 41, "2 TiB")]
)
def test_bytes_are_shown_as_they_may_be_typed(count, text):
    assert shown_bytes(count) == text
    assert count > 1 << 40 or count == 0 or byte_count(text) == count


@pytest.mark.parametrize(
    ("value", "text"), [(600, "10m"), (90, "1.5m"), (45, "45s"), (5400, "1.5h"), (0.5, "0.5s"), (61, "61s")]
)
def test_times_are_shown_as_they_are_typed(value, text):
    assert shown_seconds(value) == text and seconds(text) == value
