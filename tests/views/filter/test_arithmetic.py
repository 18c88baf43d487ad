"""Reckoning: as C does with whole numbers, and never beyond what it can hold."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.views.filter.arithmetic import LIMIT, SIGNS, lanes_of, of_numbers, whole, with_number
from captools.views.filter.rows import Lane

NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1)
EXACT = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
    "/": lambda a, b: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1),
    "%": lambda a, b: abs(a) % abs(b) * (-1 if a < 0 else 1),
}  # fmt: skip


@given(st.sampled_from(SIGNS), NUMBERS, NUMBERS)
def test_a_result_is_exact_or_there_is_none(sign, one, other):
    found = of_numbers(sign, one, other)
    if sign in "/%" and other == 0:
        assert found is None
    else:
        exact = EXACT[sign](one, other)
        assert found == exact or (found is None and abs(exact) >= LIMIT - 2**10)


@pytest.mark.parametrize(("sign", "result"), [("+", -4), ("-", -10), ("*", -21), ("/", -2), ("%", -1)])
def test_quotients_go_towards_zero(sign, result):
    assert of_numbers(sign, -7, 3) == result


def test_a_number_may_stand_first_or_second():
    lanes = [Lane(values=pa.array([1, None, 3], pa.uint16()))]
    assert with_number("-", lanes, 10, first=True)[0].values.to_pylist() == [9, None, 7]
    assert with_number("-", lanes, 10, first=False)[0].values.to_pylist() == [-9, None, -7]


def test_each_value_meets_each_of_the_other_side_where_both_are():
    sparse = Lane(values=pa.array([5, 7]), rows=np.array([2, 2]))
    found = lanes_of("+", [Lane(values=pa.array([1, 2, 3])), Lane(values=pa.array([None, None, 30]))], [sparse])
    assert [lane.values.to_pylist() for lane in found] == [[8, 10], [35, 37]]
    assert all(lane.rows is sparse.rows for lane in found)


def test_numbers_beyond_what_can_be_held_are_none():
    assert whole(pa.array([1, 2**64 - 1, None], pa.uint64())).to_pylist() == [1, None, None]
