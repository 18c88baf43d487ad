"""Some of many pings lost: told where, as a warning, and only where the place is proven and no other rule tells it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captools.model.evidence import Confidence
from captools.model.findings import Severity
from tests.correlate.material import FINE, S2, S13
from tests.correlate.paths.scenes import Scene, chatter, pinged

RULE = "lost-between-points"


def scene(*short: int, back: tuple[int, ...] = ()) -> Scene:
    """Ten pings, of which some come only to the router's first interface, or whose answers end at its second one."""
    made = chatter(Scene({}), 5, 300, 600)
    for seq in range(1, 11):
        if seq in short:
            pinged(made, 50 * seq, seq, there=3, reply=False)
        else:
            pinged(made, 50 * seq, seq, back=3 if seq in back else 6)
    return made


def test_two_of_ten_are_a_warning_that_names_the_place(fired):
    (one,) = fired(RULE, scene(4, 7).analysed())
    assert (one.severity, one.confidence) == (Severity.WARNING, Confidence.PROVEN)
    assert one.statement.startswith("2 of 10 requests between d/a (10.0.1.5) and d/b (10.0.2.5) by ICMP")
    assert one.subject["name"] == "r/eth1 to r/eth2" and one.subject["node"] == "r"
    assert [len(proof.frames) for proof in one.evidence] == [2]


def test_answers_are_counted_as_answers(fired):
    (one,) = fired(RULE, scene(back=(2, 3, 8)).analysed())
    assert one.statement.startswith("3 of 10 answers") and one.subject["name"] == "r/eth2 to r/eth1"


def test_a_single_one_is_no_pattern(fired):
    assert fired(RULE, scene(4).analysed()) == []


def test_where_the_capture_may_have_missed_them_it_is_silent(fired):
    assert fired(RULE, scene(4, 7).analysed(counts=False)) == []


@pytest.mark.parametrize("change", [{"cause": "10.0.0.1 sent ICMP type 3 code 4 about it"}, {"resent": 2}])
def test_what_has_a_cause_or_was_sent_again_is_another_rules(fired, change):
    whole = scene(4, 7).analysed()
    paths = tuple(replace(one, losses=tuple(replace(loss, **change) for loss in one.losses)) for one in whole.paths)
    assert fired(RULE, replace(whole, paths=paths)) == []


@pytest.mark.parametrize("name", [FINE, S2, S13, "retransmissions"])
def test_it_is_silent_where_nothing_else_than_tcp_was_lost(fired, name):
    assert [one for one in fired(RULE, name) if one.severity is Severity.WARNING] == []
