"""S4: arping timed out, the call came to nothing, and the finding says why."""

from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s04_vip_unanswered import OUTSIDE, SCENARIO
from captools.lab.topology import VIP_SHARED, node_called
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)


def test_nobody_answered_the_caller_and_the_router_told_it_nothing_in_time():
    (flow,) = [one for one in CASE.truth["truth"]["flows"] if one["purpose"] == "test"]
    assert (flow["src"], flow["dst"], flow["answered"]) == (node_called(OUTSIDE).address, VIP_SHARED, 0)
    assert flow["error"] and flow["way"] == [f"{OUTSIDE}/eth1", "router/eth2"]


def test_arping_timed_out():
    (run,) = material(SCENARIO.id).cluster.arpings
    assert (run.address, run.sent, run.received, run.macs, run.node) == (VIP_SHARED, 4, 0, (), "router")


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
