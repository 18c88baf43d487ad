from __future__ import annotations

import pytest

from captools.lab.scenarios.masquerade import OUTSIDE, SCENARIO
from captools.lab.topology import Mode

pytestmark = pytest.mark.lab


def test_the_server_outside_sees_the_nodes_and_ports_of_their_choice(lab_of):
    truth = SCENARIO.drive(lab_of(Mode.NATIVE))
    tested = [flow for flow in truth.flows if flow.purpose == "test"]
    assert len(tested) == 8 and all(flow.answered == flow.sent for flow in tested)
    outside = [flow for flow in tested if flow.dst == OUTSIDE and flow.proto == "tcp"]
    assert {(flow.src, flow.seen_src) for flow in outside} == {
        ("172.20.0.88", "192.168.10.100"), ("172.20.2.33", "192.168.20.100"),
    }  # fmt: skip
    assert sum(flow.sport != flow.seen_sport for flow in outside) >= len(outside) - 1, "a random port may be the same"
    assert [flow.seen_src for flow in tested if flow.dst != OUTSIDE] == [None]
