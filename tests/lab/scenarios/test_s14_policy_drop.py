"""S14: the denied connections ended in a timeout at the pod's node, and that is what is said."""

from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s14_policy_drop import ALLOWED, LAST, NEVER, SCENARIO, TARGET
from captools.lab.topology import CURL_POD
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)
TOLD = [one for one in CASE.truth["truth"]["flows"] if one["purpose"] == "test"]


def test_one_pod_got_timeouts_and_the_other_an_answer():
    errors = {(one["src"], one["dst"]): one["error"] for one in TOLD}
    assert errors[CURL_POD.ip, TARGET.ip] == "timeout" and errors[ALLOWED.ip, TARGET.ip] == ""
    assert all(one["way"][-1] == LAST for one in TOLD if one["error"])


def test_every_syn_that_was_denied_came_as_far_as_the_node_and_never_to_the_pod():
    paths = [one for one in material(SCENARIO.id).analysed().paths
             if (one.flow.src, one.flow.dst) == (CURL_POD.ip, TARGET.ip)]  # fmt: skip
    assert {one.flow.sport for one in paths} == {one["sport"] for one in TOLD if one["error"]}
    assert {one.lost_between for one in paths} == {(LAST, NEVER)}


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
