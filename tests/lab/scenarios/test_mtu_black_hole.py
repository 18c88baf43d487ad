"""mtu-black-hole: the large answer timed out and nothing else did, and nothing above the switch's MTU got behind it."""

from __future__ import annotations

import pyarrow.compute as pc

from captools.lab.board import score
from captools.lab.scenarios.mtu_black_hole import CLIENT, LARGE, SCENARIO, SERVER, SWITCH_MTU
from captools.pipeline import open_session
from captures import case
from tests.correlate.material import material

CASE = case(SCENARIO.id)
TOLD = [one for one in CASE.truth["truth"]["flows"] if one["purpose"] == "test"]


def test_only_the_large_answer_of_the_webpod_behind_the_switch_failed():
    failed = [one for one in TOLD if one["error"]]
    assert [(one["src"], one["dst"], one["answered"]) for one in failed] == [(CLIENT.ip, SERVER.ip, 0)]
    assert {one["answer_bytes"] for one in TOLD if one["dst"] != SERVER.ip} == {LARGE}


def test_no_packet_larger_than_the_switch_takes_came_behind_it():
    packets = material(SCENARIO.id).packets
    largest = {
        point: pc.max(packets.filter(pc.equal(pc.cast(packets["point"], "string"), point))["ip_len"]).as_py()
        for point in ("k8s-w0/eth1", "router/eth2")
    }
    assert largest["k8s-w0/eth1"] > SWITCH_MTU >= largest["router/eth2"]


def test_the_findings_are_those_that_the_scenario_expects():
    told = score(CASE.truth, open_session([CASE.folder]).analysis.findings)
    assert told.right, told
