"""S14d: both names were answered, one address was called with success, the other in vain."""

from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s14d_fqdn import ADDRESS, ALLOWED, DENIED, LAST, NEVER, SCENARIO
from captools.lab.topology import COREDNS
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)
TOLD = [one for one in CASE.truth["truth"]["flows"] if one["purpose"] == "test"]


def test_dns_answered_twice_and_one_call_ended_in_a_timeout():
    assert [(one["proto"], one["dst"], one["answered"]) for one in TOLD] == [
        ("udp", COREDNS.ip, 1), ("tcp", ADDRESS[ALLOWED], 1), ("udp", COREDNS.ip, 1), ("tcp", ADDRESS[DENIED], 0),
    ]  # fmt: skip
    assert TOLD[-1]["error"] == "timeout" and TOLD[-1]["way"] == [LAST]


def test_the_call_died_on_the_clients_own_node():
    (lost,) = [one for one in material(SCENARIO.id).analysed().paths if one.flow.dst == ADDRESS[DENIED]]
    assert lost.lost_between == (LAST, NEVER) and lost.points == (LAST,)


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
