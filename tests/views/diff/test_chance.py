"""The two tests of chance, against counting all outcomes."""

from __future__ import annotations

from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.views.diff.chance import CHANCE, FEWEST, rank_test, share_test


def counted(one: list[int], other: list[int]) -> float:
    """The chance of a rank sum at least so far from its mean, by trying all ways of dealing the values."""
    values = one + other
    ranks = {value: sum(v < value for v in values) + (sum(v == value for v in values) + 1) / 2 for value in values}
    mean = len(one) * (len(values) + 1) / 2
    off = abs(sum(ranks[value] for value in one) - mean)
    dealt = [abs(sum(ranks[value] for value in some) - mean) for some in combinations(values, len(one))]
    return sum(each >= off - 1e-9 for each in dealt) / len(dealt)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8], [11, 12, 13, 14, 15, 16, 17, 18]),
        ([1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]),
        ([1, 2, 3, 4, 9, 10, 11, 12], [5, 6, 7, 8, 13, 14, 15, 16]),
        ([1, 1, 1, 2, 2, 2, 3, 3], [2, 2, 3, 3, 3, 3, 4, 4]),
    ],
)
def test_ranks_give_the_chance_that_dealing_all_values_gives(one, other):
    assert rank_test(one, other) == pytest.approx(counted(one, other), rel=0.35, abs=0.001)


def test_so_many_values_can_differ_by_more_than_chance_and_fewer_cannot():
    assert rank_test(range(FEWEST), range(100, 100 + FEWEST)) < CHANCE
    few = FEWEST - 3
    assert rank_test(range(few), range(100, 100 + few)) > CHANCE
    assert 2 / comb(2 * few, few) > CHANCE  # nor exactly


def test_equal_values_and_none_are_never_a_difference():
    assert rank_test([5] * 20, [5] * 30) == rank_test([], [1, 2]) == rank_test([3, 1, 2], [1, 2, 3]) == 1.0


@given(st.lists(st.integers(0, 50), min_size=8, max_size=30), st.lists(st.integers(0, 50), min_size=8, max_size=30))
def test_neither_order_nor_sides_nor_scale_change_the_chance(one, other):
    chance = rank_test(one, other)
    assert 0 <= chance <= 1
    assert rank_test(other, one) == pytest.approx(chance)
    assert rank_test(sorted(one), [*reversed(other)]) == pytest.approx(chance)
    assert rank_test([value * 1000 for value in one], [value * 1000 for value in other]) == pytest.approx(chance)


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_shares_give_the_chance_that_whole_numbers_give(of, other_of, data):
    hits, other_hits = data.draw(st.integers(0, of)), data.draw(st.integers(0, other_of))
    told = share_test(hits, of, other_hits, other_of)
    if 0 < hits + other_hits < of + other_of:
        total = comb(of + other_of, hits + other_hits)
        seen = comb(of, hits) * comb(other_of, other_hits)
        every = [
            comb(of, k) * comb(other_of, hits + other_hits - k)
            for k in range(min(of, hits + other_hits) + 1)
            if hits + other_hits - k <= other_of
        ]
        assert told == pytest.approx(sum(way for way in every if way <= seen) / total)
    else:
        assert told == 1.0


def test_no_segment_resent_of_few_says_nothing_of_one_in_twenty():
    assert share_test(0, 30, 2, 40) > CHANCE
    assert share_test(0, 3_000, 200, 4_000) < CHANCE
