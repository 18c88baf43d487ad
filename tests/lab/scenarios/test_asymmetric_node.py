"""asymmetric-node: answers of k8s-w0 to pods of k8s-ctr come through k8s-w1, and not through the router."""

from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.asymmetric_node import CLIENT, DETOUR, SCENARIO, SERVER
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)
FLOWS = CASE.truth["truth"]["flows"]


def test_only_these_answers_take_the_other_node():
    detoured = [one for one in FLOWS if f"{DETOUR}/eth1" in one["way_back"] and "router/eth2" in one["way"]
                and one["purpose"] == "test"]  # fmt: skip
    assert {(one["src"], one["dst"]) for one in detoured} == {(CLIENT.ip, SERVER.ip)}
    assert not any(point.startswith("router/") for one in detoured for point in one["way_back"])


def test_the_detours_are_the_router_one_way_and_the_node_the_other():
    paths = [path for path in material(SCENARIO.id).analysed().paths if path.detours]
    assert {(path.flow.src, path.flow.dst) for path in paths} == {(CLIENT.ip, SERVER.ip)}
    for path in paths:
        assert {(one.node, bool(one.forward), bool(one.reply)) for one in path.detours} == {
            ("router", True, False), (DETOUR, False, True),
        }  # fmt: skip


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
