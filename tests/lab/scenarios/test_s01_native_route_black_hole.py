from __future__ import annotations

import pytest

from captools.lab.scenarios.s01_native_route_black_hole import SCENARIO
from captools.lab.topology import Mode

pytestmark = pytest.mark.lab


def test_nothing_of_k8s_w0_answers_pods_and_everything_else_does(lab_of):
    truth = SCENARIO.drive(lab_of(Mode.NATIVE_BROKEN))
    tested = {(flow.proto, flow.dst): flow.answered for flow in truth.flows if flow.purpose == "test"}
    assert tested == {
        ("icmp", "172.20.2.33"): 0,
        ("tcp", "172.20.2.33"): 0,
        ("icmp", "172.20.1.108"): 3,
        ("tcp", "172.20.1.108"): 1,
    }
    health = {flow.dst: flow.answered for flow in truth.flows if flow.purpose == "health"}
    assert health["192.168.20.100"] > 5, "the nodes themselves reach each other"
