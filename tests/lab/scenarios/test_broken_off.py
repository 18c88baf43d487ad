"""broken-off: one request was answered and the next one not, because the router dropped what the webpod sent from then on."""

from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.broken_off import CLIENT, SCENARIO, SERVER
from captools.model.paths import Way
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)


def test_the_second_request_of_the_connection_timed_out():
    (broken,) = (one for one in CASE.truth["truth"]["flows"] if one["error"])
    assert (broken["src"], broken["dst"], broken["sent"], broken["answered"]) == (CLIENT.ip, SERVER.ip, 2, 1)


def test_the_answer_is_stuck_between_the_routers_interfaces():
    (stuck,) = (one for one in material(SCENARIO.id).analysed().tcp.stuck if one.way is Way.REPLY)
    assert (stuck.furthest, stuck.missed, stuck.blind) == ("router/eth2", "router/eth1", "")
    assert stuck.copies >= 4 and stuck.payload_bytes > 0


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
