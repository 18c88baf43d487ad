"""Shares, what they are held against, and when nothing is said about chance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.correlate.services.distribution import (
    LEAST_PER_BACKEND,
    Balancer,
    Candidate,
    Choice,
    distribution,
    in_turn,
)
from captools.correlate.services.policy import Choosing
from captools.model.evidence import Confidence
from captools.model.services import Distribution, Policy

WHO = Balancer(what="connection", name="d/web", address="192.0.2.80", port=80, node="n", confidence=Confidence.PROVEN)
THREE = [Candidate(key=key, name=key, address=key) for key in "abc"]
LOT = Choosing(policy=Policy.RANDOM, why="told")
MIXED = "abcabbaccbacbcabacab"  # 7, 7 and 6


def fell(keys: str, how: Choosing = LOT, among: list[Candidate] = THREE, **more: object) -> Distribution | None:
    choices = [Choice(ts_ns=at, client="c", key=key) for at, key in enumerate(keys)]
    return distribution(WHO, among, choices, how, **more)  # type: ignore[arg-type]


def test_each_backends_share_stands_beside_the_one_to_expect():
    one = fell(MIXED)
    assert one is not None and (one.total, one.clients) == (20, (("c", 20),))
    assert [(share.name, share.count, share.expected) for share in one.shares] == [
        ("a", 7, pytest.approx(1 / 3)), ("b", 7, pytest.approx(1 / 3)), ("c", 6, pytest.approx(1 / 3)),
    ]  # fmt: skip
    assert one.chance == pytest.approx(1.0) and one.untested == "" and not one.in_turn


def test_a_backend_that_got_nothing_counts_as_one_that_could_have():
    one = fell("ab" * 5 + "ba" * 5)
    assert one is not None and [share.count for share in one.shares] == [10, 10, 0]
    # 2^20 of 3^20 sequences avoid c, and the other outcomes that are as rare: hand-worked in test_chance.
    assert one.chance is not None and one.chance < 0.002


def test_weights_are_shares():
    weighted = [Candidate(key="a", name="a", address="", weight=9), Candidate(key="b", name="b", address="", weight=1)]
    one = fell("aaaaaaaaab" * 2, Choosing(policy=Policy.WEIGHTED, why="told"), weighted)
    assert one is not None and [share.expected for share in one.shares] == [0.9, 0.1]
    assert one.chance == pytest.approx(1.0)


def test_few_choices_have_no_shares():
    assert fell("abc" * LEAST_PER_BACKEND) is not None
    assert fell(("abc" * LEAST_PER_BACKEND)[:-1]) is None
    assert fell("a" * 90, among=THREE[:1]) is None  # nothing to choose


@pytest.mark.parametrize(
    ("policy", "words"), [(Policy.IN_TURN, "round robin"), (Policy.STICKY, "stays with"), (Policy.LOCAL, "its own")]
)
def test_what_is_no_lot_is_not_held_against_chance(policy: Policy, words: str):
    one = fell("a" * 18 + "bc", Choosing(policy=policy, why="told"))
    assert one is not None and one.chance is None and words in one.untested


def test_turns_are_seen_whatever_the_inventory_says():
    one = fell("abc" * 7)
    assert one is not None and one.in_turn and one.chance is None and "round robin" in one.untested


@pytest.mark.parametrize(
    ("keys", "found"),
    [("abc" * 4, True), ("bca" * 4 + "b", True), ("abcabcacbabc", False), ("abc" * 3, False), ("aabbcc" * 3, False)],
)
def test_turns_go_round_in_one_order_for_longer_than_lots_would(keys: str, found: bool):
    # By lot nine choices of three go round in 6 of 19,683 runs, twelve in 6 of 531,441.
    assert in_turn(list(keys), 3) is found


def test_two_that_take_turns_must_do_so_for_longer():
    assert not in_turn(list("ab" * 7), 2) and in_turn(list("ab" * 8), 2)


def test_choices_that_the_captures_do_not_show_leave_nothing_to_test():
    one = fell(MIXED, unseen=5)
    assert one is not None and one.chance is None and "of 5 more" in one.untested


def test_a_sample_that_may_not_be_fair_is_told_and_not_tested():
    one = fell(MIXED, biased="captured with a content filter")
    assert one is not None and (one.chance, one.untested) == (None, "captured with a content filter")


def test_somebody_whom_the_inventory_does_not_know_leaves_nothing_to_test():
    one = fell(MIXED + "ddddd")
    assert one is not None and one.chance is None and "d is not among the backends" in one.untested
    assert {share.expected for share in one.shares} == {None}


def test_too_many_backends_for_so_few_choices_are_told_so():
    many = [Candidate(key=str(at), name=str(at), address="") for at in range(40)]
    choices = [Choice(ts_ns=at, client="c", key=str((at * 7 + at // 40) % 40)) for at in range(200)]
    one = distribution(replace(WHO, what="request"), many, choices[:-1] + choices[:1] * 2, LOT)
    # 5.0 expected of each: chi-square is still good enough; with a rarer one among them it is not.
    assert one is not None and one.chance is not None
    rare = [*many[:-1], replace(many[-1], weight=0.5)]
    two = distribution(WHO, rare, choices, LOT)
    assert two is not None and two.chance is None and "too many backends" in two.untested
