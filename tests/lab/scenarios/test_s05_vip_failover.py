"""S5: the address changed its machine with an announcement; arping, the clients and the findings agree."""

from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s05_vip_failover import HEIR, SCENARIO
from captools.lab.topology import LEADER, mac_of, node_called
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)


def test_arping_saw_the_mac_address_change_after_timeouts():
    (run,) = material(SCENARIO.id).cluster.arpings
    assert list(dict.fromkeys(run.macs)) == [mac_of(LEADER, "eth1"), mac_of(HEIR, "eth1")]
    assert run.sent is not None and 3 <= run.sent - len(run.macs) <= 5, "two seconds, twice a second"


def test_the_connection_from_before_broke_and_the_others_were_served_by_the_heir():
    told = {one["path"]: one["remote_addr"] for one in CASE.truth["truth"]["requests"]}
    heir = node_called(HEIR).ingress
    assert told == {"/before": node_called(LEADER).ingress, "/during": heir, "/after": heir}
    errors = [one["error"] for one in CASE.truth["truth"]["flows"] if one["purpose"] == "test"]
    assert len(errors) == 3 and errors[1:] == ["", ""] and errors[0]


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
