"""Aligning two sequences of sizes: whole bursts agree or stay doubtful, and what has no partner gets none."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from captools.correlate.sightings import ABSENT
from captools.correlate.wireguard.align import LIKELY, POSSIBLE, WINDOW_NS, align

MS = 1_000_000


Timed = list[tuple[int, float]]


def aligned(first: Timed, second: Timed, *doubtful: int) -> tuple[list[int], list[int]]:
    """Align (size, ms) lists; ``doubtful`` are places in the second one."""
    columns = [np.array(one, np.float64).reshape(-1, 2).T for one in (first, second)]
    sizes, times = zip(*((size.astype(np.int64), (ms * MS).astype(np.int64)) for size, ms in columns), strict=True)
    partner, sure = align(sizes[0], times[0], sizes[1], times[1], np.isin(np.arange(len(second)), doubtful))
    return partner.tolist(), sure.tolist()


def test_a_burst_that_agrees_in_number_and_sizes_is_likely():
    assert aligned([(6, 0), (6, 1), (90, 2)], [(6, 0.1), (6, 1.1), (90, 2.1)]) == ([0, 1, 2], [LIKELY] * 3)


def test_bursts_are_judged_each_on_its_own():
    assert aligned([(6, 0), (7, 1), (6, 900)], [(6, 0.1), (6, 900.1)]) == ([0, ABSENT, 1], [POSSIBLE, 0, LIKELY])


def test_nothing_gets_a_partner_that_came_before_it_or_long_behind_it():
    assert aligned([(6, 10)], [(6, 9.9)])[0] == [ABSENT]
    assert aligned([(6, 0)], [(6, 2 * WINDOW_NS / MS)])[0] == [ABSENT]


def test_a_machine_that_held_packets_back_for_long_is_followed_where_everything_else_agrees():
    held = [(6, 0), (7, 200), (6, 400)], [(6, 390), (7, 395), (6, 401)]
    assert aligned(*held) == ([0, 1, 2], [LIKELY] * 3)


def test_beside_a_gap_nothing_is_more_than_possible_and_nothing_is_followed_for_long():
    assert aligned([(6, 0), (7, 1)], [(6, 0.1), (7, 1.1)], 1) == ([0, 1], [POSSIBLE] * 2)
    held = [(6, 0), (6, 200), (6, 400)], [(6, 390), (6, 395), (6, 401)]
    assert aligned(*held, 1)[0] != [0, 1, 2]


def test_sizes_that_differ_are_no_partners():
    assert aligned([(6, 0), (7, 1)], [(7, 1.1)])[0] == [ABSENT, 0]
    assert aligned([(6, 0)], [(7, 0.1)]) == ([ABSENT], [0])


def test_a_message_known_to_be_missing_takes_its_place_and_nobody_elses():
    partner, sure = aligned([(6, 0), (6, 1), (6, 2)], [(6, 0.1), (-1, 1.1), (6, 2.1)])
    assert (partner, sure) == ([0, ABSENT, 2], [LIKELY, 0, LIKELY])


def test_what_contradicts_the_order_of_the_rest_is_dropped():
    # 1 and 2 exchanged: at most one of the two can be right, and nothing says which.
    partner, _ = aligned([(1, 0), (2, 0.2), (3, 0.4), (9, 0.6)], [(2, 0.3), (1, 0.5), (3, 0.7)])
    assert partner[:2] == [ABSENT, ABSENT]


def test_empty_sequences_align():
    assert aligned([], [(6, 0)]) == ([], []) and aligned([(6, 0)], []) == ([ABSENT], [0])


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 400)), max_size=40), st.data())
def test_partners_always_agree_in_size_and_follow_in_time_and_nobody_has_two(packets, draw):
    first = sorted(((size, float(ms)) for size, ms in packets), key=lambda one: one[1])
    kept = draw.draw(st.lists(st.booleans(), min_size=len(first), max_size=len(first)))
    second = [(size, ms + 0.5) for (size, ms), keep in zip(first, kept, strict=True) if keep]
    partner, sure = aligned(first, second)
    found = [one for one in partner if one != ABSENT]
    assert len(found) == len(set(found))
    for at, one in enumerate(partner):
        assert (one == ABSENT) == (sure[at] == 0)
        if one != ABSENT:
            assert second[one][0] == first[at][0] and 0 <= second[one][1] - first[at][1] <= WINDOW_NS / MS


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 90)), min_size=1, max_size=60))
def test_where_nothing_is_missing_every_packet_finds_its_own_message(steps):
    times = np.cumsum([gap for _, gap in steps]).tolist()
    first = [(size, float(ms)) for (size, _), ms in zip(steps, times, strict=True)]
    partner, sure = aligned(first, [(size, ms + 0.3) for size, ms in first])
    assert partner == list(range(len(first))) and set(sure) == {LIKELY}
