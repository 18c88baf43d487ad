from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s08b_ingress_dedicated_cilium_host import SCENARIO
from captools.pipeline import open_session
from captures import case

CASE = case(SCENARIO.id)


def test_each_backend_is_asked_once_and_sees_what_its_node_makes_it_see():
    seen = {one["backend_node"]: one["remote_addr"] for one in CASE.truth["truth"]["requests"]}
    assert seen == {"k8s-ctr": "172.20.1.35", "k8s-w1": "172.20.1.12", "k8s-w0": "172.20.1.35"}
    assert len(CASE.truth["truth"]["requests"]) == 3


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
