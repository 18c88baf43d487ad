from __future__ import annotations

import pytest

from captools.lab.scenarios.wireguard_leak import SCENARIO
from captools.lab.topology import Mode

pytestmark = pytest.mark.lab


def test_everything_is_answered_although_one_direction_is_in_the_clear(lab_of, watch):
    lab = lab_of(Mode.WIREGUARD_LEAK)
    with watch(lab.machine("k8s-ctr"), "eth1", "ip and not udp port 51871") as wire:
        truth = SCENARIO.drive(lab)
    assert all(flow.answered == flow.sent for flow in truth.flows if flow.purpose == "test")
    lines = wire.text.splitlines()
    assert len(lines) >= 5
    assert all("IP 172.20.0." in line and "> 172.20.1." in line for line in lines), wire.text
    assert any("172.20.0.88 > 172.20.1.108: ICMP echo request" in line for line in lines)
