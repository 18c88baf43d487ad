"""Errors of filters show the place, whatever the length of the filter."""

from __future__ import annotations

from captools.model.errors import ExitCode
from captools.views.filter.errors import FilterError


def test_a_caret_stands_before_the_place_and_the_column_counts_from_one():
    error = FilterError("tcp and xyz", 8, "no field", hint="try")
    assert str(error) == "display filter, column 9: no field, here: tcp and ^xyz; try"
    assert error.column == 9 and error.exit_code == ExitCode.USAGE


def test_the_far_ends_of_a_long_filter_are_left_out():
    error = FilterError("a" * 500 + "b" * 500, 500, "odd")
    assert f"…{'a' * 40}^{'b' * 40}…" in str(error) and len(str(error)) < 150
