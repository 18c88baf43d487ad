from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s11_tls_terminated import SCENARIO
from captools.pipeline import open_session
from captures import case

CASE = case(SCENARIO.id)
TOLD = CASE.truth["truth"]["requests"]


def test_each_name_has_its_backend_which_is_told_the_client():
    served = [(one["sni"], one["client"], one["backend_node"], one["status"]) for one in TOLD]
    router, other = "192.168.10.200", "192.168.10.100"
    assert served == [
        ("shop.lab.test", router, "k8s-w0", 200), ("shop.lab.test", router, "k8s-w0", 200),
        ("shop.lab.test", other, "k8s-w0", 200), ("blog.lab.test", router, "k8s-w1", 200),
    ]  # fmt: skip
    assert all(one["xff"] == one["client"] and not one["passed"] for one in TOLD)


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
