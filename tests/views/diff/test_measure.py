"""What is said of one measure on both sides."""

from __future__ import annotations

import pytest

from captools.views.diff.measure import Judged, of_exact, of_samples, of_shares

LOW, HIGH = [1000.0 + n for n in range(10)], [9000.0 + n for n in range(10)]


def test_a_difference_beyond_clocks_and_chance_is_told_with_its_side():
    up = of_samples("delay", "ns", LOW, HIGH, noun="packet", error=500)
    assert (up.judged, up.a, up.b, up.a_values, up.b_values) == (Judged.MORE, 1004.5, 9004.5, 10, 10)
    assert up.ratio == pytest.approx(9004.5 / 1004.5) and up.reason == "10 packets and 10"
    assert of_samples("delay", "ns", HIGH, LOW, noun="packet", error=500).judged is Judged.LESS


def test_within_the_clocks_error_is_no_difference_however_many_values_there_are():
    told = of_samples("delay", "ns", LOW * 50, HIGH * 50, noun="packet", error=8_000)
    assert told.judged is Judged.SAME and told.reason == "within the clocks' error of ±8.00 µs"
    assert of_samples("delay", "ns", LOW * 50, HIGH * 50, noun="packet", error=7_999).judged is Judged.MORE


def test_what_chance_explains_is_no_difference():
    told = of_samples("delay", "ns", [1, 5, 3, 9, 7, 2, 8, 6], [2, 6, 4, 9, 8, 3, 9, 7], noun="packet")
    assert told.judged is Judged.SAME and "no more than chance explains" in told.reason


def test_few_values_are_shown_and_not_judged():
    told = of_samples("throughput", "bit/s", [5e8], [1e8], noun="transfer")
    assert (told.a, told.b, told.judged) == (5e8, 1e8, Judged.UNKNOWN)
    assert told.reason == "1 transfer and 1; it takes 8 on each side to rule out chance"


@pytest.mark.parametrize(("a", "b", "where"), [([], LOW, " in A"), (LOW, [], " in B"), ([], [], "")])
def test_what_one_side_lacks_is_said_to_be_missing_there(a, b, where):
    told = of_samples("delay", "ns", a, b, noun="packet")
    assert told.judged is Judged.UNKNOWN and told.reason == f"not measured{where}" and told.ratio is None


def test_exact_values_differ_at_once_but_for_a_small_share_where_that_is_allowed():
    assert of_exact("MSS", "B", 1460, 1380).judged is Judged.LESS
    assert of_exact("MSS", "B", 1460, 1460).judged is Judged.SAME
    assert of_exact("MSS", "B", None, 1460).reason == "not measured in A"
    assert of_exact("cost", "ratio", 1.000, 1.009, small=0.01).judged is Judged.SAME
    assert of_exact("cost", "ratio", 1.000, 1.011, small=0.01).judged is Judged.MORE


def test_shares_are_judged_by_how_many_they_are_of():
    few, many = of_shares("resent", (0, 30), (2, 40)), of_shares("resent", (0, 3_000), (200, 4_000))
    assert few.judged is Judged.SAME and few.reason == "A: 0 of 30, B: 2 of 40; may be chance"
    assert many.judged is Judged.MORE and (many.a, many.b) == (0, 0.05)
    assert of_shares("resent", (0, 0), (1, 9)).judged is Judged.UNKNOWN


def test_json_keeps_whole_numbers_whole():
    told = of_exact("MSS", "B", 1460.0, 1380.0).to_json()
    assert (told["a"], told["b"], told["ratio"], told["judged"]) == (1460, 1380, 0.945205, "less")
    assert isinstance(told["a"], int)
