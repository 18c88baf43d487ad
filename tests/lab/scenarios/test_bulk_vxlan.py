from __future__ import annotations

import pytest

from captools.lab.scenarios.bulk_vxlan import BULK_BYTES, SCENARIO, SNAPLEN
from captools.lab.topology import Mode
from captools.store.session import read_manifest
from captures import case


def test_the_recorded_case_was_cut_as_the_scenario_says():
    manifest = read_manifest(case("bulk-vxlan").folder)
    assert manifest is not None and {point.snaplen for point in manifest.points} == {SNAPLEN}


@pytest.mark.lab
def test_both_transfers_arrive_complete(lab_of):
    truth = SCENARIO.drive(lab_of(Mode.VXLAN))
    bulk = [flow for flow in truth.flows if flow.proto == "tcp"]
    assert [flow.answer_bytes for flow in bulk] == [BULK_BYTES] * 2
    assert {flow.dst for flow in bulk} == {"172.20.2.33", "172.20.0.121"}
