from __future__ import annotations

import tomllib

from captools.lab.scenario import Expected, Scenario
from captools.lab.tomltext import to_toml
from captools.lab.topology import Mode
from captools.lab.truth import FlowTruth, Truth

SCENARIO = Scenario(
    id="s0-example",
    title="An example",
    mode=Mode.VXLAN,
    traffic=lambda lab: [],
    expected=(Expected(rule="a", points=("n/eth1",)),),
)


def test_a_case_document_survives_toml_with_its_truth():
    flow = FlowTruth(
        proto="tcp", src="172.20.0.88", dst="172.20.1.108", sport=1, dport=2, started="x", ended="y", sent=1, answered=0
    )
    read = tomllib.loads(to_toml(SCENARIO.case(Truth(flows=(flow,)))))
    assert (read["id"], read["mode"]) == ("s0-example", "vxlan")
    assert read["findings"] == {"expected": [{"rule": "a", "points": ["n/eth1"]}]}
    assert read["truth"]["flows"][0]["sport"] == 1
    assert read["truth"]["flows"][0]["way"][1:3] == ["k8s-ctr/cilium_vxlan", "k8s-ctr/eth1"]
    assert "way_back" not in read["truth"]["flows"][0], "nothing came back"
    assert read["truth"]["requests"] == []


def test_a_scenario_asks_for_the_lab_it_needs():
    lab = SCENARIO.lab("named")
    assert (lab.mode, lab.name, lab.endpoint_routes, lab.offloads) == (Mode.VXLAN, "named", False, True)
