from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s07b_ingress_shared_cilium_host import SCENARIO
from captools.lab.topology import PRODUCTPAGE
from captools.pipeline import open_session
from captures import case

CASE = case(SCENARIO.id)


def test_without_endpoint_routes_the_local_backend_is_asked_from_cilium_host():
    local = [one for one in CASE.truth["truth"]["requests"] if one["backend_pod"] == PRODUCTPAGE.name]
    assert not CASE.truth["endpoint_routes"] and len(local) == 2
    assert {(one["remote_addr"], one["source_kind"]) for one in local} == {("172.20.1.12", "cilium-host")}


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
