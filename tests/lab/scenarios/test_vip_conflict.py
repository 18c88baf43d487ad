"""vip-conflict: arping got two answers to each of its questions, and clients were served by whoever came last."""

from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.vip_conflict import RIVAL, SCENARIO
from captools.lab.topology import LEADER, mac_of, node_called
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)


def test_arping_got_more_answers_than_it_asked_questions():
    (run,) = material(SCENARIO.id).cluster.arpings
    assert set(run.macs) == {mac_of(LEADER, "eth1"), mac_of(RIVAL, "eth1")}
    assert run.sent is not None and run.received is not None and run.received > run.sent


def test_every_call_was_served_by_one_of_the_two():
    served = {one["remote_addr"] for one in CASE.truth["truth"]["requests"]}
    assert served <= {node_called(LEADER).ingress, node_called(RIVAL).ingress} and served


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
