from __future__ import annotations

import pytest

from captools.lab.scenarios.s02_vxlan_overlay import BULK_BYTES, SCENARIO
from captools.lab.topology import Mode

pytestmark = pytest.mark.lab


def test_every_webpod_answers_and_the_larger_answer_is_complete(lab_of):
    truth = SCENARIO.drive(lab_of(Mode.VXLAN))
    tested = [flow for flow in truth.flows if flow.purpose == "test"]
    assert len(tested) == 7
    assert all(flow.answered == flow.sent for flow in tested)
    assert tested[-1].answer_bytes == BULK_BYTES
    assert {request.remote_addr for request in truth.requests if request.remote_addr} == {"172.20.0.88"}
