from __future__ import annotations

import pytest

from captools.lab.scenarios.s08_ingress_dedicated_snat import SCENARIO
from captools.lab.topology import Mode

pytestmark = pytest.mark.lab


def test_six_connections_carry_eight_requests_to_all_three_backends(lab_of):
    truth = SCENARIO.drive(lab_of(Mode.NATIVE, endpoint_routes=True))
    flows = [flow for flow in truth.flows if flow.purpose == "test"]
    assert [flow.answered for flow in flows] == [1, 1, 2, 1, 2, 1]
    assert len({flow.sport for flow in flows}) == 6
    by_node = {request.backend_node: request.source_kind for request in truth.requests}
    assert by_node == {"k8s-ctr": "ingress", "k8s-w1": "node", "k8s-w0": "ingress"}
    assert all(request.status == 200 and request.xff == "192.168.10.200" for request in truth.requests)
