"""S14c: one path was served by the pod through Envoy, the other denied by Envoy, and a third pod needs no Envoy."""

from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s14c_l7_denied import DENIED_PATH, ELSEWHERE, SCENARIO, TARGET
from captools.lab.topology import CURL_POD
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)
TOLD = CASE.truth["truth"]["requests"]


def test_the_pod_that_served_saw_the_clients_own_address_from_another_port():
    served, denied, direct = TOLD
    assert (served["status"], served["remote_addr"]) == (200, CURL_POD.ip)
    assert served["remote_port"] != served["client_port"], "Envoy's own connection"
    assert (denied["status"], denied["backend_pod"]) == (403, "")
    assert (direct["status"], direct["remote_port"]) == (200, direct["client_port"])


def test_each_request_tells_whether_the_pod_or_envoy_answered():
    found = {(one.path, one.client_leg.dst): one for one in material(SCENARIO.id).analysed().requests}
    served, denied, direct = (found[one["path"], one["address"]] for one in TOLD)
    assert (served.answered_by, served.proxy.node, served.proxy.source_kind) == ("backend", CURL_POD.node, "pod")
    assert served.backend_leg.sport == TOLD[0]["remote_port"] and served.gateway_ns
    assert (denied.answered_by, denied.proxy.node, denied.backend) == ("proxy", CURL_POD.node, None)
    assert (direct.answered_by, direct.proxy) == ("backend", None)
    assert {TARGET.ip, ELSEWHERE.ip} == {one.client_leg.dst for one in found.values()}
    assert {denied.path, direct.path} == {DENIED_PATH}


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
