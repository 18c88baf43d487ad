"""Times and sizes: what goes out as text comes back as the same number."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.model import units
from captools.model.units import duration, from_duration, from_rfc3339, rfc3339, size

YEAR_1, YEAR_9999 = -62_135_596_800_000_000_000, 253_402_300_799_999_999_999


def test_the_examples_in_the_docstrings_hold():
    result = doctest.testmod(units)
    assert (result.attempted > 0, result.failed) == (True, 0)


@given(st.integers(YEAR_1, YEAR_9999))
def test_every_time_a_calendar_holds_survives_the_way_to_text_and_back(ts_ns: int):
    text = rfc3339(ts_ns)
    assert len(text) == len("2023-11-14T22:13:20.000000001Z") and from_rfc3339(text) == ts_ns


@pytest.mark.parametrize("ts_ns", [YEAR_9999 + 1, YEAR_1 - 1, 1 << 70])
def test_a_time_no_calendar_holds_is_said_to_be_one(ts_ns: int):
    assert rfc3339(ts_ns) == f"out-of-range:{ts_ns}ns"


@pytest.mark.parametrize(
    ("text", "ts_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.5z", 500_000_000),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("1970-01-01T00:00:00.1234567899Z", 123_456_789),
    ],
)
def test_other_forms_of_rfc_3339_are_read(text: str, ts_ns: int):
    assert from_rfc3339(text) == ts_ns


@pytest.mark.parametrize(
    "text", ["", "now", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14T22:13:20.5", "2023-13-14T22:13:20Z", "20Z",
             "2023-11-14T22:13:20.Z", "٢٠٢٣-11-14T22:13:20Z"],
)  # fmt: skip
def test_what_is_no_time_with_a_zone_is_refused(text: str):
    with pytest.raises(ValueError):
        from_rfc3339(text)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (None, "-"), (0, "0 ns"), (999, "999 ns"), (1_000, "1.00 µs"), (9_996_000, "10.0 ms"), (999_999, "1.00 ms"),
        (-3_600_000, "-3.60 ms"), (999_000_000, "999 ms"), (1_500_000_000, "1.50 s"), (12_345_000_000_000, "12345 s"),
    ],
)  # fmt: skip
def test_a_length_of_time_has_three_digits_and_the_unit_that_fits(ns: int | None, text: str):
    assert duration(ns) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), ((1 << 20) - 1, "1.0 MiB"), (5 << 40, "5120.0 GiB")],
)
def test_a_size_is_told_in_the_unit_that_fits(count: int, text: str):
    assert size(count) == text


@pytest.mark.parametrize(
    "text,ns",
    [("0s", 0), ("7ns", 7), ("+3us", 3_000), ("3µs", 3_000), ("-0.5 ms", -500_000), ("1.000000001s", 1_000_000_001),
     ("10min", 600_000_000_000), ("-1h", -3_600_000_000_000)],
)  # fmt: skip
def test_a_length_of_time_is_read_with_sign_and_unit(text: str, ns: int):
    assert from_duration(text) == ns


@pytest.mark.parametrize("text", ["", "5", "ms", "+-5ms", "5 m", "1e3s", "5ms ", "٣s", "1.s"])
def test_what_is_no_length_of_time_is_an_error(text: str):
    with pytest.raises(ValueError, match="not a length of time"):
        from_duration(text)
