from __future__ import annotations

import pytest

from captools.lab.scenarios.proxy_requests import FORGED, SCENARIO
from captools.lab.topology import Mode

pytestmark = pytest.mark.lab


def test_the_proxy_does_to_requests_what_the_scenario_says(lab_of):
    requests = SCENARIO.drive(lab_of(Mode.NATIVE)).requests
    by_path = {request.path: request for request in requests}
    assert by_path["/a?fail=1"].status == 200 and by_path["/a?fail=1"].attempts == 3
    assert (by_path["/b?fail=2&how=reset"].status, by_path["/b?fail=2&how=reset"].attempts) == (503, 4)
    assert [by_path[path].status for path in ("/denied", "/limited/again", "/nowhere")] == [403, 429, 404]
    assert by_path["/forged"].xff.startswith(f"{FORGED},")
    assert by_path["/shop/list"].backend_pod and by_path["/shop/list"].source_kind == "ingress"


def test_several_clients_ask_at_the_same_time_over_pooled_connections(lab_of):
    requests = SCENARIO.drive(lab_of(Mode.NATIVE)).requests
    mine = [one for one in requests if one.path.startswith("/mine")]
    assert {one.client for one in mine} == {"192.168.10.200", "192.168.10.100"}
    assert max(one.started for one in mine) < min(one.ended for one in mine)
    alike = [one for one in requests if one.path.startswith("/any")]
    assert len(alike) == 3 and all(one.remote_port for one in alike)
