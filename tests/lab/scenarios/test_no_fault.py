from __future__ import annotations

import pytest

from captools.lab.scenarios.no_fault import SCENARIO
from captools.lab.topology import Mode

pytestmark = pytest.mark.lab


def test_everything_sent_is_answered(lab_of):
    truth = SCENARIO.drive(lab_of(Mode.NATIVE))
    tested = [flow for flow in truth.flows if flow.purpose == "test"]
    assert len(tested) == 6
    assert all(flow.answered == flow.sent for flow in tested)
    assert all(flow.answered > 0 for flow in truth.flows)
