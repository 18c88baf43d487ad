"""The join's kernel equals counting in plain dictionaries, row by row."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captools.wire.kernels import join_tables as layout
from tests.wire.equality import kernels  # noqa: F401  (prepares the kernels' folder)

pytestmark = pytest.mark.slow
WINDOW = 2_000  # turns


def by_dictionary(rows: list[tuple[int, int, int, int]]) -> tuple[dict, dict, dict]:
    """Join rows (time, print, second print, lane) in their order, as the module's first lines say it."""
    seen: dict[int, dict] = {}
    firsts, again, pairs = defaultdict(int), defaultdict(int), defaultdict(list)
    for ts, one, two, lane in rows:
        new, had = [], False
        for which, value in enumerate(filter(None, (one, two))):
            known = seen.get(value)
            if known is None or abs((ts >> layout.TURN_BITS) - known["last"]) > WINDOW:
                known = seen[value] = {"lanes": {}, "packets": 0}
            known["last"] = ts >> layout.TURN_BITS
            count = known["lanes"].get(lane, 0)
            had |= which == 0 and count > 0
            if lane in known["lanes"] or len(known["lanes"]) < layout.HOLDS:
                known["lanes"][lane] = min(count + 1, layout.MOST)
            if count < known["packets"]:
                new.append((known["first"], known["since"], known["packets"]))
                continue
            new.append(None)
            known["packets"] = min(known["packets"] + 1, layout.MOST)
            known["first"], known["since"] = lane, ts
        again[lane] += had
        found = next(filter(None, new), None)
        if found is None:
            firsts[lane] += 1
        else:
            pairs[found[0], lane].append(ts - found[1] if found[2] == 1 else None)
    return firsts, again, pairs


def by_kernel(sources: list[list[tuple[int, int, int, int]]], lanes: int) -> tuple[list, list, dict]:
    from captools.wire.same_packet import Rows, join_rows

    def rows(some: list[tuple[int, int, int, int]]):
        for at in range(0, len(some), 3):
            columns = zip(*some[at : at + 3], strict=True)
            yield Rows(*(np.array(one, kind) for one, kind in zip(columns, ("i8", "u8", "u8", "u4"), strict=True)))

    found = join_rows([rows(some) for some in sources], lanes, window_ns=WINDOW << layout.TURN_BITS)
    assert found.evicted == 0
    names = ("matched", "timed", "least_ns", "greatest_ns", "sum_ns")
    columns = [getattr(found.pairs, name).tolist() for name in ("first", "lane", *names)]
    pairs = {(first, lane): tuple(rest) for first, lane, *rest in zip(*columns, strict=True)}
    return found.firsts.tolist(), found.again.tolist(), pairs


def in_turns(sources: list[list[tuple[int, int, int, int]]]) -> list[tuple[int, int, int, int]]:
    """Put the rows in the order of their turns, within one in that of the sources."""
    every = [(ts >> layout.TURN_BITS, number, at, row) for number, some in enumerate(sources)
             for at, row in enumerate(some) for ts in (row[0],)]  # fmt: skip
    return [row for *_, row in sorted(every, key=lambda one: one[:3])]


@st.composite
def talks(draw: st.DrawFn) -> list[list[tuple[int, int, int, int]]]:
    """Sources with lanes of their own, few prints, and times that sometimes lie further apart than the window."""
    sources = []
    for number in range(draw(st.integers(1, 4))):
        lane = st.integers(5 * number, 5 * number + 4)
        gaps = st.sampled_from((0, 1, 50_000, 1 << layout.TURN_BITS, 1_300 << layout.TURN_BITS))
        row = st.tuples(gaps, st.integers(0, 6), st.sampled_from((0, 0, 101, 102)), lane)
        ts, rows = 1_795_165_200_000_000_000, []
        for gap, *rest in draw(st.lists(row, max_size=40)):
            ts += gap
            rows.append((ts, *rest))
        sources.append(rows)
    return sources


@settings(deadline=None)
@given(talks())
def test_the_join_counts_what_dictionaries_count(sources):
    rows = [(ts, one, two, lane) for ts, one, two, lane in in_turns(sources) if one]
    firsts, again, pairs = by_dictionary(rows)
    found_firsts, found_again, found_pairs = by_kernel(sources, 20)
    assert found_firsts == [firsts[lane] for lane in range(20)]
    assert found_again == [again[lane] for lane in range(20)]
    assert found_pairs.keys() == pairs.keys()
    for key, delays in pairs.items():
        timed = [delay for delay in delays if delay is not None]
        least, greatest = (min(timed), max(timed)) if timed else (0, 0)
        assert found_pairs[key] == (len(delays), len(timed), least, greatest, sum(timed)), key


def test_a_print_seen_oftener_than_can_be_counted_matches_nothing_more():
    often = layout.MOST + 20
    here = [(at, 7, 0, 0) for at in range(often)]
    there = [(at, 7, 0, 1) for at in range(often)]
    firsts, again, pairs = by_kernel([here, there], 2)
    assert firsts == [often, 20] and again == [often - 1, often - 1] and pairs[0, 1][0] == layout.MOST


def test_more_lanes_than_an_entry_holds_still_match():
    lanes = layout.HOLDS + 5
    firsts, _again, pairs = by_kernel([[(at, 7, 0, at)] for at in range(lanes)], lanes)
    assert sum(firsts) == 1 and {lane for _, lane in pairs} == set(range(1, lanes))
