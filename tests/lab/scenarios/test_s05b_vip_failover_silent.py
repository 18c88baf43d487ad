"""S5b: nobody announced anything; the client found the new leader by asking again."""

from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s05b_vip_failover_silent import HEIR, SCENARIO
from captools.lab.topology import LEADER, VIP_SHARED, node_called
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)


def test_the_call_in_between_was_served_late_by_the_heir():
    told = {one["path"]: one for one in CASE.truth["truth"]["requests"]}
    assert told["/before"]["remote_addr"] == node_called(LEADER).ingress
    assert told["/during"]["remote_addr"] == node_called(HEIR).ingress and "/before/2" not in told


def test_nothing_gratuitous_is_in_the_captures():
    (one,) = [one for one in material(SCENARIO.id).analysed().arp if one.address == VIP_SHARED]
    assert [(claim.node, claim.gratuitous) for claim in one.claims] == [(LEADER, 0), (HEIR, 0)]


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
