"""Clocks: what is asked of two of them, directly or through others, on their own times or on one line."""

from __future__ import annotations

import numpy as np
import pytest

from captools.correlate.clocks import Clocks
from captools.correlate.clocks.clocks import Line, Stamps
from captools.correlate.clocks.relation import Relation
from captools.correlate.clocks.runs import split
from tests.correlate.clocks.simulated import MS, NOW, US, Bounds, Clock, S, bounds, relation

A, B, C = Clock(), Clock(250 * MS, 20), Clock(-600 * S, -100)
STAMPS = {
    name: Stamps(int(one.at(NOW)), int(one.at(NOW + 60 * S)), 1) for name, one in zip("abc", (A, B, C), strict=True)
}
PAIRS = {("a", "b"): relation(A, B, seed=1), ("b", "c"): relation(B, C, seed=2)}
TRUTH = {"a": A, "b": B, "c": C}


@pytest.mark.parametrize("pair", ["ab", "ba", "bc", "cb", "ac", "ca"])
@pytest.mark.parametrize("seconds", [0, 30, 60])
def test_an_offset_holds_within_its_error_at_the_time_asked_for(pair, seconds):
    one, other = TRUTH[pair[0]], TRUTH[pair[1]]
    true = NOW + seconds * S
    offset, error = Clocks(PAIRS, STAMPS).between(*pair, int(one.at(true)))
    assert abs(offset - (other.at(true) - one.at(true))) <= error < 200 * US


@pytest.mark.parametrize("pair", ["ab", "cb", "ac"])
def test_an_offset_without_a_time_holds_throughout_the_capture(pair):
    offset, error = Clocks(PAIRS, STAMPS).between(*pair)
    for true in (NOW, NOW + 20 * S, NOW + 60 * S):
        assert abs(offset - (TRUTH[pair[1]].at(true) - TRUTH[pair[0]].at(true))) <= error


@pytest.mark.parametrize("pair", ["ab", "ca"])
def test_near_a_time_the_answer_is_nearly_as_exact_and_holds_too(pair):
    one, other = TRUTH[pair[0]], TRUTH[pair[1]]
    clocks = Clocks(PAIRS, STAMPS)
    for true in range(NOW, NOW + 60 * S, 7 * S):
        offset, error = clocks.near(*pair, int(one.at(true)))
        assert abs(offset - (other.at(true) - one.at(true))) <= error < 400 * US
    assert clocks.near("a", "a", NOW) == clocks.between("a", "a") == (0, 0)
    assert clocks.near("a", "z", NOW) is None


def test_throughout_covers_a_clock_that_was_set_meanwhile():
    late = bounds(A, Clock(5 * S))
    later = Bounds(late.at + 60 * S, late.limit, late.above, late.sent, late.received)
    runs = split(Bounds.joined([bounds(A, A), later]))
    stamps = {"a": Stamps(NOW, NOW + 120 * S, 1), "b": Stamps(NOW, NOW + 125 * S, 1)}
    offset, error = Clocks({("a", "b"): Relation(runs, "packets")}, stamps).between("a", "b")
    assert offset - error <= 0 and offset + error >= 5 * S


def test_errors_add_up_along_a_chain_and_the_method_names_it():
    clocks = Clocks(PAIRS, STAMPS)
    at = int(A.at(NOW + 30 * S))
    direct = clocks.between("a", "b", at)[1], clocks.between("b", "c", int(B.at(NOW + 30 * S)))[1]
    assert abs(clocks.between("a", "c", at)[1] - sum(direct)) <= 1
    assert clocks.method("a", "c") == "packets, through b" and clocks.method("a", "b") == "packets"


def test_the_way_of_the_smallest_error_is_taken_even_where_there_is_a_direct_one():
    rough = relation(A, C, count=4)
    clocks = Clocks({**PAIRS, ("a", "c"): rough}, STAMPS)
    assert clocks.method("a", "c") == "packets, through b"
    assert Clocks({**PAIRS, ("a", "c"): relation(A, C, seed=9)}, STAMPS).method("a", "c") == "packets"


def test_what_nothing_ties_together_is_unknown():
    clocks = Clocks({("a", "b"): PAIRS["a", "b"]}, STAMPS)
    assert clocks.between("a", "c") is clocks.drift("a", "c") is clocks.delay("a", 1, "c", 2) is None
    assert clocks.usual_time("a", "c") is None and clocks.method("a", "c") == ""
    assert clocks.between("c", "c") == (0, 0)


@pytest.mark.parametrize("pair", ["ab", "ba", "ac"])
def test_drift_holds_within_its_error(pair):
    ppm, error = Clocks(PAIRS).drift(*pair)
    one, other = TRUTH[pair[0]], TRUTH[pair[1]]
    assert abs(ppm - ((1 + other.ppm * 1e-6) / (1 + one.ppm * 1e-6) - 1) * 1e6) <= error < 10


@pytest.mark.parametrize("pair", ["ab", "ca"])
def test_a_delay_holds_within_its_error(pair):
    one, other = TRUTH[pair[0]], TRUTH[pair[1]]
    sent = NOW + 20 * S
    delay, error = Clocks(PAIRS, STAMPS).delay(pair[0], int(one.at(sent)), pair[1], int(other.at(sent + 7 * MS)))
    assert abs(delay - 7 * MS) <= error + 7  # clocks that run 100 ppm apart do not agree how long 7 ms are


def test_a_delay_on_one_clock_is_as_exact_as_its_stamps():
    fine, coarse = Clocks({}, {"a": Stamps(0, 9, 1)}), Clocks({}, {"a": Stamps(0, 9, 1_000)})
    assert fine.delay("a", 1_000, "a", 5_000) == (4_000, 0)
    assert coarse.delay("a", 1_000, "a", 5_000) == (4_000, 999)


def test_on_one_line_all_stamps_are_the_reference_clocks_and_little_is_left_between_them():
    line = Line(dict.fromkeys("abc", "a"))
    clocks = Clocks(PAIRS, STAMPS).on_line(line)
    true = NOW + np.arange(0, 60 * S, 11 * S)
    for name in "abc":
        assert np.abs(clocks.moved(name, TRUTH[name].at(true)) - A.at(true)).max() < 100 * US
    offset, error = clocks.between("b", "c", int(NOW + 30 * S))
    assert abs(offset) <= 1 and error < 100 * US
    delay, error = clocks.delay("c", int(NOW + S), "a", int(NOW + S + 7 * MS))
    assert delay == 7 * MS and error < 200 * US


def test_what_only_a_line_ties_together_is_moved_but_not_told():
    clocks = Clocks({}, STAMPS).on_line(Line({"a": "a", "b": "b"}, {"a": 0, "b": 5 * S}))
    assert clocks.moved("b", np.array([NOW + 5 * S])).tolist() == [NOW]
    assert clocks.between("a", "b") is None
