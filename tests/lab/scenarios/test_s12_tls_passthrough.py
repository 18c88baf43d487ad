from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s12_tls_passthrough import SCENARIO
from captools.pipeline import open_session
from captures import case

CASE = case(SCENARIO.id)
TOLD = CASE.truth["truth"]["requests"]


def test_each_name_has_its_backend_which_is_not_told_the_client():
    served = [(one["sni"], one["backend_node"], one["remote_addr"]) for one in TOLD]
    assert served == [
        ("vault.lab.test", "k8s-w0", "172.20.1.35"), ("vault.lab.test", "k8s-w0", "172.20.1.35"),
        ("store.lab.test", "k8s-w1", "172.20.1.12"),
    ]  # fmt: skip
    assert all(one["xff"] == "" and one["passed"] and one["status"] == 200 for one in TOLD)


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
