from __future__ import annotations

import pytest

from captools.lab.scenarios.bulk_vxlan import BULK_BYTES, SCENARIO
from captools.lab.topology import Mode

pytestmark = pytest.mark.lab


def test_both_transfers_arrive_complete(lab_of):
    truth = SCENARIO.drive(lab_of(Mode.VXLAN))
    bulk = [flow for flow in truth.flows if flow.proto == "tcp"]
    assert [flow.answer_bytes for flow in bulk] == [BULK_BYTES] * 2
    assert {flow.dst for flow in bulk} == {"172.20.2.33", "172.20.0.121"}
