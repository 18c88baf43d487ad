"""S14b: every client was refused at once, each by somebody else, and each is named."""

from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s14b_policy_reject import FAR, NEAR, NEAR_NODE, SCENARIO
from captools.lab.topology import VIP_DEDICATED
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)
TOLD = [one for one in CASE.truth["truth"]["flows"] if one["purpose"] == "test"]


def test_the_clients_were_told_so_by_their_kernel():
    errors = {(one["dst"], one["dport"]): one["error"] for one in TOLD}
    # connect(2): a reset and a closed port give ECONNREFUSED, prohibited hosts EHOSTUNREACH (icmp(7)).
    assert errors == {
        (FAR.ip, 80): "ECONNREFUSED", (NEAR.ip, 8443): "EHOSTUNREACH", (FAR.ip, 8443): "EHOSTUNREACH",
        (NEAR.ip, 81): "ECONNREFUSED", (NEAR.ip, 53): "ECONNREFUSED", (NEAR_NODE, 81): "ECONNREFUSED",
        (VIP_DEDICATED, 81): "ECONNREFUSED", (NEAR.ip, 80): "",
    }  # fmt: skip


def test_every_refusal_is_that_of_a_flow_that_failed():
    refused = {(one.flow.dst, one.flow.dport, one.flow.sport)
               for one in material(SCENARIO.id).analysed().paths if one.refusal}  # fmt: skip
    assert refused == {(one["dst"], one["dport"], one["sport"]) for one in TOLD if one["error"]}


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
