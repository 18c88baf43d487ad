from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s09_ingress_denied import SCENARIO
from captools.pipeline import open_session
from captures import case

CASE = case(SCENARIO.id)


def test_the_same_request_is_denied_to_one_client_and_passes_for_another():
    told = [(one["client"], one["path"], one["status"]) for one in CASE.truth["truth"]["requests"]]
    assert told == [
        ("192.168.10.200", "/", 403), ("192.168.10.200", "/details/1", 403), ("192.168.10.100", "/", 200),
    ]  # fmt: skip
    denied = [one for one in CASE.truth["truth"]["requests"] if one["status"] == 403]
    assert all("upstream_ms" not in one and not one["remote_addr"] for one in denied), "no backend was asked"


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told


def test_there_is_a_client_leg_and_no_backend_leg():
    denied = [one for one in open_session([CASE.folder]).analysis.requests if one.status == 403]
    assert len(denied) == 2
    for one in denied:
        assert one.client_leg is not None and one.attempts == () and one.backend is None
        assert one.answered_by == "proxy" and one.proxy is not None and one.proxy.node == "k8s-w1"
