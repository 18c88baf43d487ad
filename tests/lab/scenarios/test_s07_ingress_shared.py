from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s07_ingress_shared import SCENARIO
from captools.lab.topology import DETAILS, PRODUCTPAGE
from captools.pipeline import open_session
from captures import case

CASE = case(SCENARIO.id)
TOLD = CASE.truth["truth"]["requests"]


def test_the_pages_are_served_as_in_the_investigation():
    served = [(one["path"], one["status"], one["backend_pod"], one["remote_addr"]) for one in TOLD]
    assert served == [
        ("/", 200, PRODUCTPAGE.name, "10.0.2.15"),
        ("/details/1", 200, DETAILS.name, "172.20.1.35"),
        ("/ratings", 404, PRODUCTPAGE.name, "10.0.2.15"),
    ]
    assert {one["client"] for one in TOLD} == {"192.168.10.200"} and CASE.truth["endpoint_routes"]


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told


def test_one_row_per_request_tells_client_proxy_backend_status_and_time():
    for wanted, found in zip(TOLD, open_session([CASE.folder]).analysis.requests, strict=True):
        assert found.proxy is not None and found.backend is not None and found.gateway_ns is not None
        assert (found.client, found.path, found.status) == ("192.168.10.200", wanted["path"], wanted["status"])
        assert (found.proxy.node, found.proxy.source_address) == ("k8s-w1", wanted["remote_addr"])
        assert found.backend.pod == f"default/{wanted['backend_pod']}" and found.answered_by == "backend"
        assert 0 < found.gateway_ns < (found.total_ns or 0)


def test_services_of_the_pages_are_known():
    names = {(one.name, one.ports) for one in open_session([CASE.folder]).cluster.services}
    assert {("productpage", ((9080, 9080),)), ("details", ((9080, 9080),))} <= names
