"""Claims: who had an address when, and which questions two machines answered."""

from __future__ import annotations

import numpy as np

from captools.correlate.arp.claims import MOST_CLAIMS, claims, doubled
from captools.correlate.arp.owners import owners
from captools.correlate.evidence import Prover
from tests.correlate.arp_segment import CLUSTER, MACS, MS, POINTS, ROUTER, START, VIP, A, B, Segment


def told(talk: Segment):
    rows, frames = talk.arp_frames()
    some, asks = (
        np.flatnonzero(frames.claims),
        np.flatnonzero(frames.asks & (frames.target == rows.code_of_address(VIP))),
    )
    prover = Prover(rows, talk.sources())
    return claims(rows, frames, some, owners(rows, frames, CLUSTER), frozenset(), prover), doubled(
        frames, asks, some, prover
    )


def test_a_stretch_ends_where_another_machine_speaks():
    stretches, twice = told(Segment().resolve(0, A).resolve(1000, A).announce(3000, B).resolve(4000, B))
    assert [(one.node, one.answers, one.gratuitous) for one in stretches] == [(A, 2, 0), (B, 1, 1)] and twice is None
    assert stretches[0].first_ns >= START and stretches[1].first_ns == START + 3000 * MS


def test_a_clock_that_is_wrong_makes_no_turns():
    # The old owner's clock runs 5 s ahead: merged, it would speak again after the new one.
    talk = Segment().resolve(0, A).resolve(1000, A).announce(3000, B).resolve(4000, B)
    talk.frames[f"{A}/eth1"] = [(at + 5_000 * MS, frame) for at, frame in talk.frames[f"{A}/eth1"]]
    stretches, _ = told(talk)
    assert [(one.node, one.answers) for one in stretches] == [(A, 2), (B, 1)]
    assert f"{A}/eth1" in stretches[0].points, "what its own interface saw still proves it"


def test_the_proof_of_a_stretch_are_the_frames_at_each_point():
    (one,), _ = told(Segment().resolve(0, A))
    assert {proof.point for proof in one.evidence} == {f"{A}/eth1", f"{ROUTER}/eth1"}
    assert all("arp.opcode == 2" in proof.filter for proof in one.evidence) and one.points == tuple(
        sorted((f"{A}/eth1", f"{ROUTER}/eth1"))
    )


def test_two_answers_to_one_question_are_counted_by_questions_not_by_frames():
    _, twice = told(Segment().resolve(0, A).answer(0.2, B).resolve(1000, B).answer(1000.3, A))
    assert twice is not None and twice.asks == 2 and set(twice.macs) == {MACS[A], MACS[B]}
    assert {proof.point for proof in twice.evidence} == set(POINTS)


def test_the_same_is_seen_where_the_asker_was_not_captured():
    _, twice = told(
        Segment(points=(f"{A}/eth1", f"{B}/eth1")).resolve(0, A).answer(0.2, B).resolve(900, A).answer(900.2, B)
    )
    assert twice is not None and twice.asks == 2


def test_answers_to_two_questions_in_quick_succession_are_no_double():
    # arping five times a second, and the address moves between two of its questions.
    _, twice = told(Segment().resolve(0, A).resolve(200, B).resolve(400, B))
    assert twice is None


def test_two_askers_at_once_are_two_questions():
    _, twice = told(Segment().ask(0, ROUTER).ask(0.01, B).answer(0.1, A, ROUTER).answer(0.2, ROUTER, B))
    assert twice is None


def test_a_copy_of_an_answer_is_no_second_answer():
    _, twice = told(Segment().resolve(0, A).answer(0.3, A).resolve(1000, A).answer(1000.3, A))
    assert twice is None


def test_a_flood_of_changes_is_told_up_to_a_number():
    flood = Segment()
    for step in range(3 * MOST_CLAIMS):
        flood.announce(step * 10, A if step % 2 else B)
    assert len(told(flood)[0]) == MOST_CLAIMS


def test_no_claims_give_nothing():
    assert told(Segment().ask(0)) == ((), None)
