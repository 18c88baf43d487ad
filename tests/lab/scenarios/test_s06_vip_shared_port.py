from __future__ import annotations

from captools.lab.board import score
from captools.lab.scenarios.s06_vip_shared_port import CALLS, OTHER_PORT, REMOTE, SCENARIO, SHOP, VIP, WEB
from captools.lab.topology import HTTP_PORT, PRODUCTPAGE
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)
SHARES = CASE.truth["truth"]["shares"]


def test_the_two_ports_were_answered_by_other_pods():
    by_port = {port: {one["backend_ip"] for one in SHARES if one["port"] == port} for port in (HTTP_PORT, OTHER_PORT)}
    assert by_port[HTTP_PORT] <= {pod.ip for pod in REMOTE} and by_port[OTHER_PORT] == {PRODUCTPAGE.ip}
    assert sum(len(one["ports"]) for one in SHARES) == 2 * CALLS


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told


def test_each_port_has_its_service_and_its_backends():
    fronts = {one.port: one for one in material(SCENARIO.id).analysed().services.frontends}
    assert {port: one.service for port, one in fronts.items()} == {
        HTTP_PORT: f"default/{WEB}", OTHER_PORT: f"default/{SHOP}",
    }  # fmt: skip
    for port, one in fronts.items():
        true = {(each["backend_ip"], len(each["ports"])) for each in SHARES if each["port"] == port}
        assert {(back.ip, len(back.connections)) for back in one.backings} == true and one.address == VIP
