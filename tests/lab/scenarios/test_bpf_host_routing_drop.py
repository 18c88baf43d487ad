"""The drop under eBPF host routing: seen at the card, denied by the program there, and no point is blamed."""

from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.bpf_host_routing_drop import CARD, DENIED, POD, SCENARIO
from captools.model.paths import Outcome
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)


def test_the_denied_call_ended_in_a_timeout_at_the_card():
    (told,) = [one for one in CASE.truth["truth"]["flows"] if (one["src"], one["dst"]) == DENIED]
    assert told["error"] == "timeout" and told["way"][-1] == CARD


def test_no_path_is_called_lost():
    paths = material(SCENARIO.id).analysed().paths
    assert {one.outcome for one in paths} == {Outcome.DELIVERED, Outcome.UNKNOWN}
    assert [one.no_answer_at for one in paths if one.outcome is Outcome.UNKNOWN] == [POD]


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
