"""Assignment: what every maximum matching agrees on is sure, everything else is told with all its possibilities."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captools.correlate.requests.assign import assign


def by_hand(wishes: list[list[int]]) -> list[tuple[set[int], bool]]:
    """All maximum matchings, one by one: the seats of each attempt, and whether it always has the same one."""
    seats = sorted({seat for wish in wishes for seat in wish})
    padded = seats + [-1 - at for at in range(len(wishes))]
    found = set()
    for row in permutations(padded, len(wishes)):
        if all(seat < 0 or seat in wish for seat, wish in zip(row, wishes, strict=True)):
            found.add(tuple(max(seat, -1) for seat in row))
    most = max((sum(seat >= 0 for seat in row) for row in found), default=0)
    best = [row for row in found if sum(seat >= 0 for seat in row) == most]
    columns = [{row[at] for row in best} for at in range(len(wishes))]
    return [(column - {-1}, len(column) == 1 and -1 not in column) for column in columns]


@pytest.mark.parametrize(
    ("wishes", "seats", "sure"),
    [
        ([[1]], [(1,)], [True]),
        ([[1, 2]], [(1, 2)], [False]),
        ([[1, 2], [1, 2]], [(1, 2), (1, 2)], [False, False]),
        ([[1, 2], [1]], [(2,), (1,)], [True, True]),
        ([[1], [1]], [(1,), (1,)], [False, False]),
        ([[1], [1, 2], [2, 3], [3, 4]], [(1,), (2,), (3,), (4,)], [True] * 4),
        ([[]], [()], [False]),
        ([], [], []),
    ],
    ids=["one", "a seat too many", "crosswise", "elimination", "too few seats", "a chain", "no seat", "nobody"],
)
def test_a_pair_is_sure_only_where_no_other_way_is_as_good(wishes, seats, sure):
    placed = assign(wishes)
    assert [(one.seats, one.sure) for one in placed] == list(zip(seats, sure, strict=True))


@given(st.lists(st.lists(st.integers(0, 4), max_size=4, unique=True), max_size=4))
def test_it_agrees_with_trying_every_way(wishes):
    assert [(set(one.seats), one.sure) for one in assign(wishes)] == by_hand(wishes)


def test_a_chain_of_thousands_is_placed_without_running_out_of_stack():
    placed = assign([[at, at + 1] for at in range(5_000)] + [[0]])
    assert all(one.sure for one in placed) and placed[0].seats == (1,)
