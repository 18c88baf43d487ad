"""asymmetric-path: answers of k8s-w0 to pods of k8s-ctr come by eth3 of the router, all else by the way it went."""

from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.asymmetric_path import CLIENT, SCENARIO, SERVER
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)
FLOWS = CASE.truth["truth"]["flows"]


def test_only_these_answers_take_the_other_interface():
    by_eth3 = {(one["src"], one["dst"]) for one in FLOWS if "router/eth3" in one["way_back"]}
    assert by_eth3 == {(CLIENT.ip, SERVER.ip)} and not any("router/eth3" in one["way"] for one in FLOWS)


def test_both_ways_of_each_flow_are_those_that_the_lab_has():
    paths = {
        (path.flow.src, path.flow.dst, path.flow.sport, path.flow.icmp_id): path
        for path in material(SCENARIO.id).analysed().paths
    }
    for one in FLOWS:
        path = paths[one["src"], one["dst"], one.get("sport"), one.get("icmp_id")]
        assert [hop.point for hop in path.hops] == [*one["way"], *one["way_back"]]


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
