from __future__ import annotations

import pytest

from captools.lab.scenarios.s13_wireguard_only import SCENARIO
from captools.lab.topology import NODES, Mode

pytestmark = pytest.mark.lab


def test_all_pairs_of_nodes_talk_and_no_wire_shows_anything_but_wireguard(lab_of, watch):
    lab = lab_of(Mode.WIREGUARD)
    wires = [lab.machine(node.name) for node in NODES]
    bpf = "ip and not udp port 51871"
    with watch(wires[0], "eth1", bpf) as a, watch(wires[1], "eth1", bpf) as b, watch(wires[2], "eth1", bpf) as c:
        truth = SCENARIO.drive(lab)
    assert (a.text, b.text, c.text) == ("", "", "")
    assert all(flow.answered == flow.sent for flow in truth.flows if flow.purpose == "test")
    assert len({(flow.src, flow.dst) for flow in truth.flows if flow.purpose == "test"}) == 5
