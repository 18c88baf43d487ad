"""Chances, against hand-worked probabilities and printed tables."""

from __future__ import annotations

import math
from itertools import product

import pytest

from captools.correlate.services.chance import MOST_OUTCOMES, chance, chi_square_tail

THIRDS = (1 / 3, 1 / 3, 1 / 3)


@pytest.mark.parametrize(
    ("value", "freedom", "tail"),
    # Abramowitz and Stegun, table 26.8: percentage points of the chi-square distribution.
    [(3.84146, 1, 0.05), (6.63490, 1, 0.01), (5.99147, 2, 0.05), (7.81473, 3, 0.05), (18.3070, 10, 0.05),
     (29.5883, 10, 0.001), (43.7730, 30, 0.05), (15.1366, 1, 0.0001)],
)  # fmt: skip
def test_the_tail_is_that_of_the_printed_table(value: float, freedom: int, tail: float) -> None:
    assert chi_square_tail(value, freedom) == pytest.approx(tail, rel=2e-3)
    assert chi_square_tail(0.0, freedom) == 1.0


def test_few_choices_are_gone_through_one_by_one() -> None:
    # Ten throws of a fair coin with nine heads: both tails, 2 * (10 + 1) of 1024 outcomes.
    assert chance([9, 1], [0.5, 0.5]) == pytest.approx(22 / 1024)
    # All of twenty to one of three: 3 outcomes of 3^20.
    assert chance([20, 0, 0], THIRDS) == pytest.approx(3 / 3**20)
    assert chance([5, 5, 5], THIRDS) == pytest.approx(1.0)


def test_it_is_what_counting_every_sequence_gives() -> None:
    shares, seen = (0.5, 0.3, 0.2), (1, 1, 4)
    probable = {}
    for sequence in product(range(3), repeat=6):
        counts = tuple(sequence.count(kind) for kind in range(3))
        probable[counts] = probable.get(counts, 0.0) + math.prod(shares[kind] for kind in sequence)
    wanted = sum(each for each in probable.values() if each <= probable[seen] * (1 + 1e-9))
    assert chance(seen, shares) == pytest.approx(wanted)


def test_many_choices_are_told_by_chi_square_which_agrees_with_the_exact_answer() -> None:
    counts = [340, 330, 290]
    assert math.comb(962, 2) > MOST_OUTCOMES
    squares = sum((count - 320) ** 2 / 320 for count in counts)
    assert chance(counts, THIRDS) == pytest.approx(math.exp(-squares / 2))  # two degrees of freedom
    near = [205, 190, 165]  # few enough to be exact: chi-square is near
    squares = sum((count - 560 / 3) ** 2 / (560 / 3) for count in near)
    assert chance(near, THIRDS) == pytest.approx(math.exp(-squares / 2), rel=0.05)


def test_what_should_never_come_and_came_has_no_chance_and_what_never_should_counts_for_nothing() -> None:
    assert chance([9, 1], [1.0, 0.0]) == 0.0
    assert chance([9, 1, 0], [0.5, 0.5, 0.0]) == chance([9, 1], [0.5, 0.5])


def test_nothing_is_said_where_there_is_no_question_or_no_answer() -> None:
    assert chance([], []) is None and chance([7], [1.0]) is None and chance([0, 0], [0.5, 0.5]) is None
    assert chance([2] * 30, [1 / 30] * 30) is None  # too many kinds for so few choices
