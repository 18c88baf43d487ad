"""The demo's traffic: the ingress reaches all three backends, and the pods reach each other."""

from __future__ import annotations

import pytest

from captools.lab.scenarios.demo import SCENARIO
from captools.lab.topology import Mode

pytestmark = pytest.mark.lab


def test_every_request_is_answered_by_another_backend_and_no_ping_is_lost(lab_of):
    truth = SCENARIO.drive(lab_of(Mode.VXLAN))
    through_envoy = [one for one in truth.requests if one.address == "192.168.10.212"]
    assert {one.backend_node for one in through_envoy} == {"k8s-ctr", "k8s-w1", "k8s-w0"}
    assert {one.remote_addr for one in through_envoy if one.backend_node != "k8s-w1"} == {"172.20.1.35"}
    assert all(flow.answered == flow.sent for flow in truth.flows)
